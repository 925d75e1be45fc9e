package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/store"
)

const megabyte = 1_000_000

// memory is a figure of a process, in bytes, as Linux tells it: VmRSS what it has now, VmHWM the most it had.
func (c *child) memory(figure string) int {
	c.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		c.t.Fatal(err)
	}
	found := regexp.MustCompile(figure + `:\s+(\d+) kB`).FindSubmatch(raw)
	if found == nil {
		c.t.Fatalf("no %s in\n%s", figure, raw)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		c.t.Fatal(err)
	}
	return n * 1024
}

// largeMail is a mail of so many bytes: a wish, and an attachment that fills it.
func largeMail(from string, size int, encoding string) []byte {
	head := fmt.Sprintf("From: %s\r\nTo: %s\r\nDate: %s\r\nSubject: stop, with a recording\r\nMessage-ID: <%s>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n请关闭自动续费。\r\n"+
		"--mix\r\nContent-Type: video/mp4\r\nContent-Disposition: attachment; filename=screen.mp4\r\nContent-Transfer-Encoding: %s\r\n\r\n",
		from, testAddress, time.Now().Format(time.RFC1123Z), from, encoding)
	const end = "--mix--\r\n"
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteString(head)
	r := rand.New(rand.NewPCG(1, uint64(size)))
	raw := make([]byte, 57)
	for b.Len() < size-len(end)-78 {
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		b.WriteString(base64.StdEncoding.EncodeToString(raw) + "\r\n")
	}
	b.WriteString(strings.Repeat("A", max(size-len(end)-2-b.Len(), 0)) + "\r\n" + end)
	return b.Bytes()
}

// TestLargeMailTakesLittleMemory: mails of 50 MB become tickets, in their turn and whole, and take less than 64 MB
// of memory beyond what the program has when it does nothing.
func TestLargeMailTakesLittleMemory(t *testing.T) {
	t.Parallel()
	d := newTestDesk(t, "")
	served := d.start("serve", "--roles", "poll")
	db := d.open()
	stored := func(n int) func() bool {
		return func() bool { return count(t, db, "SELECT COUNT(*) FROM intake WHERE outcome = 'ticket'") == n }
	}
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: "first@mail.example", subject: "退订", text: "请关闭自动续费。"}, time.Now()))
	until(t, childLimit, "the first mail is a ticket", stored(1))
	idle := served.memory("VmRSS")
	var sums []string
	for n, encoding := range []string{"base64", "quoted-printable"} {
		raw := largeMail(fmt.Sprintf("large%d@mail.example", n), 50*megabyte, encoding)
		sums = append(sums, fmt.Sprintf("%x", sha256.Sum256(raw)))
		d.dovecot.Deliver(testUser, "INBOX", raw)
	}
	d.dovecot.Deliver(testUser, "INBOX", customerMail(mailOptions{from: "last@mail.example", subject: "退订", text: "请关闭自动续费。"}, time.Now()))
	until(t, 3*childLimit, "every mail is a ticket", stored(4)) // a busy disk syncs 50 MB slowly
	most := served.memory("VmHWM")
	t.Logf("idle %d MB, at most %d MB: %d MB more", idle/megabyte, most/megabyte, (most-idle)/megabyte)
	if most-idle >= 64*megabyte {
		t.Errorf("mails of 50 MB take %d MB of memory, want less than 64", (most-idle)/megabyte)
	}
	served.signal(syscall.SIGTERM)
	served.mustEnd(0)

	blobs, err := store.OpenBlobs(t.Context(), "file://"+d.blobs)
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	var kept []string
	for _, ref := range column(t, db, "SELECT raw FROM intake WHERE bytes > 1000000 ORDER BY uid") {
		original, err := blobs.Open(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, original); err != nil {
			t.Fatal(err)
		}
		original.Close()
		kept = append(kept, hex.EncodeToString(sum.Sum(nil)))
	}
	if diff := cmp.Diff(sums, kept); diff != "" {
		t.Errorf("originals (-sent +kept):\n%s", diff)
	}
	if left := column(t, db, "SELECT text FROM messages WHERE text NOT LIKE '%请关闭自动续费。%'"); len(left) > 0 {
		t.Errorf("messages without their text: %q", left)
	}
}
