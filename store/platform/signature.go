package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request, as Standard Webhooks names them (https://www.standardwebhooks.com).
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// signatureLife is how far the clocks of both sides may be apart.
const signatureLife = 5 * time.Minute

// Secret is what both sides sign with and nobody else knows.
type Secret []byte

// ParseSecret reads a secret as settings hold it: whsec_ and base64, the form of Standard Webhooks'
// libraries, or any other text, whose bytes are the key.
func ParseSecret(s string) (Secret, error) {
	if coded, ok := strings.CutPrefix(s, "whsec_"); ok {
		key, err := base64.StdEncoding.DecodeString(coded)
		if err != nil {
			return nil, errors.New("a secret that begins with whsec_ must go on in base64")
		}
		return key, nil
	}
	return Secret(s), nil
}

// Sign is the signature of a body that is sent under an id at an instant.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(s.sum(id, strconv.FormatInt(at.Unix(), 10), body))
}

// Verify reports why the body of a request with these headers is not to be believed; nil where it is.
// Several signatures may be given, so that a secret can be changed.
func (s Secret) Verify(h http.Header, body []byte, now time.Time) error {
	id, stamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case len(s) == 0:
		return errors.New("there is no secret to check signatures with")
	case id == "" || err != nil:
		return fmt.Errorf("%s and %s are missing or can't be read", HeaderID, HeaderTimestamp)
	}
	if apart := now.Sub(time.Unix(seconds, 0)).Abs(); apart > signatureLife {
		return fmt.Errorf("the request was signed %s from now; set both clocks right", apart.Round(time.Second))
	}
	want := s.sum(id, stamp, body)
	for given := range strings.FieldsSeq(h.Get(HeaderSignature)) {
		coded, ok := strings.CutPrefix(given, "v1,")
		got, err := base64.StdEncoding.DecodeString(coded)
		if ok && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return errors.New("the signature is not right")
}

func (s Secret) sum(id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, s)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
