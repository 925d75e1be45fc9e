package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testMail = "From: =?utf-8?B?546L6Iqz?= <wang@Example.CN>\r\nSubject: <stop> & refund\r\nDate: Mon, 05 Aug 2024 10:00:00 +0800\r\nMessage-ID: <1@example.cn>\r\n" +
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplease stop\x1b[2J\r\n\r\n-- \r\nWang\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--\r\n"

func runMail(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := mailCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestMailParsePrintsALineForEachFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, missing, empty := filepath.Join(dir, "good.eml"), filepath.Join(dir, "missing.eml"), filepath.Join(dir, "empty.eml")
	for name, content := range map[string]string{good: testMail, empty: ""} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := runMail(t, "parse", good, missing, empty, "--json")
	if err == nil || !strings.Contains(err.Error(), "1 of 3 files") {
		t.Errorf("error %v does not count the missing file", err)
	}
	want := `{"file":"GOOD","message_id":"1@example.cn","from":"wang@example.cn","from_name":"王芳","subject":"<stop> & refund","date":"2024-08-05T10:00:00+08:00","text":"please stop[2J","quoted":"-- \nWang","attachments":[{"name":"a.pdf","type":"application/pdf","bytes":3}],"kind":"message","defects":[]}
{"file":"MISSING","error":"open MISSING: no such file or directory"}
{"file":"EMPTY","message_id":"","from":"","from_name":"","subject":"","date":"","text":"","quoted":"","attachments":[],"kind":"message","defects":["no_header","missing_message_id","missing_from","missing_date"]}
`
	got := strings.NewReplacer(good, "GOOD", missing, "MISSING", empty, "EMPTY").Replace(out)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestMailParseIsReadable(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.eml")
	if err := os.WriteFile(file, []byte(testMail), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := runMail(t, "parse", file)
	if err != nil {
		t.Fatal(err)
	}
	want := `FILE
  from        王芳 <wang@example.cn>
  subject     <stop> & refund
  date        2024-08-05T10:00:00+08:00
  message-id  1@example.cn
  kind        message
  attachment  a.pdf (application/pdf, 3 bytes)
  | please stop[2J
  > -- 
  > Wang

`
	if diff := cmp.Diff(want, strings.ReplaceAll(out, file, "FILE")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestMailParseWantsAFile(t *testing.T) {
	t.Parallel()
	if _, err := runMail(t, "parse"); err == nil {
		t.Error("no file and no error")
	}
}
