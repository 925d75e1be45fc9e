package dovecottest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// config is dovecot.conf. Without root there is no chroot and no change of user, so that all services have the
// server's own user.
func config(release, dir string, run account, o Options, plain, secure int) string {
	lines := dialect(release, dir, run)
	lines = append(
		lines,
		"protocols = imap",
		"listen = 127.0.0.1",
		"base_dir = "+dir+"/run",
		"state_dir = "+dir+"/state",
		"log_path = "+dir+"/dovecot.log",
		"default_internal_user = "+run.name,
		"default_internal_group = "+run.group,
		"default_login_user = "+run.name,
		"first_valid_uid = 1",
		"auth_mechanisms = plain login",
		"auth_failure_delay = 0", // a wrong password costs the test no time
		"ssl = yes",
		"mail_max_userip_connections = 200",
		"namespace inbox {\n  inbox = yes\n  separator = /\n}",
		fmt.Sprintf("service imap-login {\n  chroot =\n  inet_listener imap {\n    port = %d\n  }\n  inet_listener imaps {\n    port = %d\n    ssl = yes\n  }\n}", plain, secure),
		"service anvil {\n  chroot =\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}", // nor the one after it
		"service stats {\n  chroot =\n}",
	)
	if o.Capability != "" {
		lines = append(lines, "imap_capability = "+o.Capability)
	}
	return strings.Join(append(lines, o.Extra), "\n") + "\n"
}

// dialect is what the two releases call by different names. 2.4 wants to be told first which release's settings
// follow.
func dialect(release, dir string, run account) []string {
	if release == release24 {
		return []string{
			"dovecot_config_version = 2.4.0",
			"dovecot_storage_version = 2.4.0",
			"auth_allow_cleartext = yes",
			"ssl_server_cert_file = " + dir + "/cert.pem",
			"ssl_server_key_file = " + dir + "/key.pem",
			"mail_driver = maildir",
			"mail_path = " + dir + "/mail/%{user}",
			"mailbox_list_utf8 = yes",
			"passdb passwd-file {\n  passwd_file_path = " + dir + "/users\n}",
			fmt.Sprintf("userdb static {\n  fields {\n    uid = %d\n    gid = %d\n    home = %s/home/%%{user}\n  }\n}", run.uid, run.gid, dir),
		}
	}
	return []string{
		"disable_plaintext_auth = no",
		"ssl_cert = <" + dir + "/cert.pem",
		"ssl_key = <" + dir + "/key.pem",
		"mail_location = maildir:" + dir + "/mail/%u:UTF-8",
		"passdb {\n  driver = passwd-file\n  args = scheme=PLAIN username_format=%u " + dir + "/users\n}",
		fmt.Sprintf("userdb {\n  driver = static\n  args = uid=%d gid=%d home=%s/home/%%u\n}", run.uid, run.gid, dir),
	}
}

// lay makes the folders and the files that do not change.
func (s *Server) lay(o Options) error {
	if err := s.own(s.dir); err != nil {
		return err
	}
	for _, sub := range []string{"run", "state", "mail", "home"} {
		if err := s.mkdir(filepath.Join(s.dir, sub)); err != nil {
			return err
		}
	}
	var users strings.Builder
	for _, u := range o.Users {
		fmt.Fprintf(&users, "%s:{PLAIN}%s::::::\n", u, o.Password)
		if err := s.mkdir(filepath.Join(s.dir, "mail", u)); err != nil {
			return err
		}
		if err := s.maildir(filepath.Join(s.dir, "mail", u)); err != nil {
			return err
		}
	}
	for name, content := range map[string][]byte{
		"users":    []byte(users.String()),
		"cert.pem": s.cert.certPEM,
		"key.pem":  s.cert.keyPEM,
	} {
		if err := s.write(name, content); err != nil {
			return err
		}
	}
	return nil
}

// write puts a file into the server's folder, readable to its user only.
func (s *Server) write(name string, content []byte) error {
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	return s.own(path)
}

func (s *Server) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return s.own(path)
}

// own hands a path over to the server's user; only root can and has to.
func (s *Server) own(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(path, s.run.uid, s.run.gid)
}

type certificate struct {
	leaf            *x509.Certificate
	certPEM, keyPEM []byte
}

// newCertificate makes a self-signed certificate for the loopback. It is valid for the whole century, so that no
// clock has to be read.
func newCertificate() (certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return certificate{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return certificate{}, err
	}
	return certificate{
		leaf:    leaf,
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		keyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}, nil
}
