package web_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/canceldesk/canceldesk/tickets"
)

// upload posts words and a file to a page.
func (h *house) upload(t *testing.T, page, text string, file []byte) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range map[string]string{"nonce": "abcdefgh" + strconv.Itoa(len(file)), "text": text} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := w.CreateFormFile("picture", `..\evil.html`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+page+"/add", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return h.do(t, h.browser(t), r)
}

// TestAScreenshotThatBrokeIsNotTakenForNone: whoever sent it would believe that it had arrived.
func TestAScreenshotThatBrokeIsNotTakenForNone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, page := h.customerCase(t, "li@example.com", nil)
	body := "--b\r\nContent-Disposition: form-data; name=\"nonce\"\r\n\r\nabcdefgh\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n截图\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\r\n\x89PNG\r\n\x1a\n"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+page+"/add", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	if got := h.do(t, h.browser(t), r); got.status < 400 || got.status >= 500 {
		t.Errorf("status %d\n%s", got.status, got.body)
	}
	if m := h.last(t, id); m.Text == "截图" {
		t.Error("the words were kept as if there had been no picture")
	}
}

func TestAScreenshotIsKeptWithTheCase(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id, page := h.customerCase(t, "li@example.com", nil)
	png := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 2<<20)...)
	for name, x := range map[string]struct {
		text   string
		file   []byte
		status int
	}{
		"html":      {"", []byte("<html><script>alert(1)</script>"), http.StatusUnprocessableEntity},
		"svg":       {"", []byte(`<?xml version="1.0"?><svg/>`), http.StatusUnprocessableEntity},
		"gif":       {"", []byte("GIF89a"), http.StatusUnprocessableEntity},
		"too large": {"", append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 5<<20)...), http.StatusRequestEntityTooLarge},
		"nothing":   {" ", nil, http.StatusUnprocessableEntity},
		"long":      {strings.Repeat("长", 4001), nil, http.StatusRequestEntityTooLarge},
	} {
		if got := h.upload(t, page, x.text, x.file); got.status != x.status {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if got := h.upload(t, page, "这是扣款截图", png); got.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", got.status, got.body)
	}
	m := h.last(t, id)
	if diff := cmp.Diff([]any{"这是扣款截图", []tickets.Attachment{{Name: "screenshot.png", Type: "image/png", Bytes: int64(len(png))}}}, []any{m.Text, m.Attachments}); diff != "" {
		t.Error(diff)
	}
	kept, err := h.blobs.Open(t.Context(), m.Raw)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(kept)
	if err := errors.Join(err, kept.Close()); err != nil || len(raw) < len(png) {
		t.Errorf("%d bytes are kept, %v", len(raw), err)
	}
}
