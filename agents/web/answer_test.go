package web_test

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// attach sends an agent's form with files, by name.
func (h *house) attach(t *testing.T, c *http.Client, path, text string, files map[string][]byte) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("text", text); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		part, err := w.CreateFormFile("files", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return h.do(t, c, r)
}

func (h *house) newest(t *testing.T, id int64) tickets.Message {
	t.Helper()
	all, err := h.db.Messages(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return all[len(all)-1]
}

func TestAnAgentSendsFilesWithAnAnswer(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	at, amy := "/tickets/"+tickets.Number(id), h.as(t, "agent")
	csv := []byte("日期,金额\n2026-03-01,19.90\n")
	if res := h.attach(t, amy, at+"/reply", "明细见附件。", map[string][]byte{`..\退款明细.csv`: csv}); res.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", res.status, res.body)
	}
	m := h.newest(t, id)
	want := []tickets.Attachment{{Name: "退款明细.csv", Type: "text/plain", Bytes: int64(len(csv))}}
	if d := cmp.Diff(want, m.Attachments); d != "" || m.Text != "明细见附件。" || m.Raw == "" {
		t.Errorf("message %q, kept as %q, files (-want +got):\n%s", m.Text, m.Raw, d)
	}
	page := h.get(t, amy, at).body
	wants(t, page, "退款明细.csv", `type="file"`)
	got := h.get(t, amy, at+"/messages/"+strconv.FormatInt(m.ID, 10)+"/attachments/0")
	if got.status != http.StatusOK || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file comes back as %d with %v", got.status, got.header)
	}
	// An empty field sends none, and a note keeps files too.
	h.attach(t, amy, at+"/reply", "没有附件。", nil)
	if m := h.newest(t, id); m.Text != "没有附件。" || len(m.Attachments) != 0 {
		t.Errorf("%q with %d files", m.Text, len(m.Attachments))
	}
	h.attach(t, amy, at+"/note", "截图", map[string][]byte{"a.png": []byte("\x89PNG\r\n\x1a\n")})
	if m := h.newest(t, id); m.Direction != tickets.Note || len(m.Attachments) != 1 || m.Attachments[0].Type != "image/png" {
		t.Errorf("note: %+v", m)
	}
}

func TestFilesThatAreTooMuchAreRefusedAndTheTextIsKept(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	at, amy := "/tickets/"+tickets.Number(id), h.as(t, "agent")
	half := make([]byte, 5<<20+1)
	h.attach(t, amy, at+"/reply", "太大了。", map[string][]byte{"a.bin": half, "b.bin": half})
	wants(t, h.get(t, amy, at).body, "附件合计超过 10 MB", "required>太大了。</textarea>")
	if m := h.newest(t, id); m.Direction == tickets.Reply {
		t.Errorf("it was sent all the same: %q", m.Text)
	}
}

func TestFilesOverTheAPI(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hire(t)
	id := h.mail(t, nil)
	key, path := h.key(t, "tickets:write"), "/v1/tickets/"+tickets.Number(id)+"/messages"
	file := func(content string) string {
		return `{"name": "说明.pdf", "content_base64": "` + content + `"}`
	}
	send := func(files ...string) answer {
		return h.json(t, http.MethodPost, path, `{"kind": "reply", "text": "见附件。", "attachments": [`+strings.Join(files, ",")+`]}`, "Authorization", "Bearer "+key)
	}
	pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7"))
	if res := send(file(pdf)); res.status != http.StatusCreated {
		t.Fatalf("%d\n%s", res.status, res.body)
	}
	want := []tickets.Attachment{{Name: "说明.pdf", Type: "application/pdf", Bytes: 8}}
	if d := cmp.Diff(want, h.newest(t, id).Attachments); d != "" {
		t.Error(d)
	}
	for name, res := range map[string]answer{
		"not base64": send(file("***")), "too many": send(slices.Repeat([]string{file(pdf)}, 11)...),
	} {
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d\n%s", name, res.status, res.body)
		}
	}
}
