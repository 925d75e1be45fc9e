package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// benchMailsEnv names a folder with eml/*.eml, delivered in the order of their names, and where it is
// known a manifest.json: a list of {"mid", "root"} in that order, root being the index of the mail whose
// ticket the mail belongs to.
const benchMailsEnv = "CANCELDESK_BENCH_MAILS"

// benchMail is one mail of a benchmark; root is the index of the mail that opened its ticket, -1 where
// nobody knows.
type benchMail struct {
	raw  []byte
	id   string // Message-ID without brackets
	root int
}

// benchMails gives the mails of the folder that the environment names, or n of its own.
func benchMails(b *testing.B, n int) []benchMail {
	b.Helper()
	dir := os.Getenv(benchMailsEnv)
	if dir == "" {
		return ownMails(n, time.Now())
	}
	names, err := filepath.Glob(filepath.Join(dir, "eml", "*.eml"))
	if err != nil || len(names) == 0 {
		b.Fatalf("no mails in %s: %v", filepath.Join(dir, "eml"), err)
	}
	slices.Sort(names)
	out := make([]benchMail, len(names))
	for i, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		out[i] = benchMail{raw: raw, root: -1}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if os.IsNotExist(err) {
		return out
	}
	var manifest []struct {
		Mid  string `json:"mid"`
		Root int    `json:"root"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &manifest)
	}
	if err != nil || len(manifest) != len(out) {
		b.Fatalf("the manifest has %d mails and the folder %d: %v", len(manifest), len(out), err)
	}
	for i, m := range manifest {
		out[i].id, out[i].root = m.Mid, m.Root
	}
	return out
}

// ownMails makes n mails of customers whose senders are proved: 3 to 8 KB as text and HTML, every fifth
// with a picture of 40 KB, every fourth an answer to an earlier one by the same sender.
func ownMails(n int, now time.Time) []benchMail {
	r := rand.New(rand.NewPCG(20, 26))
	asks := []string{
		"请关闭自动续费，并确认以后不再扣款。", "我要取消连续包月，下个月别再扣钱了。", "请帮我退订会员，没用完的部分请退款。",
		"请停止代扣，把自动续费关掉。",
	}
	fill := []string{
		"在手机应用里找了很久，没有看到关闭的入口。", "客服电话一直占线，等了很长时间也没有人接。", "家里的老人不会用手机，是我替他写这封信。",
		"注册时填写的手机号码没有变过，可以随时联系我。", "如果还需要别的材料，请直接回复这封邮件。", "这项服务用了差不多半年，总的来说还算满意。",
	}
	from, subjects := make([]string, n), make([]string, n)
	out := make([]benchMail, n)
	for i := range out {
		m := benchMail{id: fmt.Sprintf("own%d.%d@mail%d.example", i, r.Uint32(), i%7), root: i}
		from[i], subjects[i] = fmt.Sprintf("customer%d@mail%d.example", i, i%7), "申请关闭自动续费"
		answers := ""
		if i%4 == 3 {
			parent := r.IntN(i)
			from[i], subjects[i], m.root = from[parent], "回复："+strings.TrimPrefix(subjects[parent], "回复："), out[parent].root
			answers = "In-Reply-To: <" + out[parent].id + ">\r\nReferences: <" + out[parent].id + ">\r\n"
		}
		lines := []string{"您好：", asks[r.IntN(len(asks))]}
		for size := 1000 + r.IntN(1800); len(strings.Join(lines, "")) < size; {
			lines = append(lines, fill[r.IntN(len(fill))])
		}
		var picture []byte
		if i%5 == 2 {
			picture = make([]byte, 30<<10)
			for k := range picture {
				picture[k] = byte(r.Uint32())
			}
		}
		m.raw = ownMail(from[i], subjects[i], m.id, answers, strings.Join(lines, "\r\n"), picture, now)
		out[i] = m
	}
	return out
}

// ownMail writes one mail as the receiving server leaves it.
func ownMail(from, subject, id, answers, text string, picture []byte, now time.Time) []byte {
	_, domain, _ := strings.Cut(from, "@")
	part := func(kind, s string) string {
		return "--alt\r\nContent-Type: " + kind + "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + folded([]byte(s))
	}
	html := "<html><body><p>" + strings.ReplaceAll(text, "\r\n", "</p>\r\n<p>") + "</p></body></html>"
	body := part("text/plain", text) + part("text/html", html) + "--alt--\r\n"
	const alternative = "Content-Type: multipart/alternative; boundary=alt\r\n\r\n"
	if picture == nil {
		body = alternative + body
	} else {
		body = "Content-Type: multipart/mixed; boundary=mix\r\n\r\n--mix\r\n" + alternative + body +
			"--mix\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=bill.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			folded(picture) + "--mix--\r\n"
	}
	date := now.Format(time.RFC1123Z)
	return fmt.Appendf(nil, "Authentication-Results: %s; dmarc=pass header.from=%s\r\nReceived: from mail.%s by %s; %s\r\nFrom: %s\r\n"+
		"To: %s\r\nDate: %s\r\nSubject: %s\r\nMessage-ID: <%s>\r\n%sMIME-Version: 1.0\r\n%s",
		testServ, domain, domain, testServ, date, from, testAddress, date, mime.BEncoding.Encode("utf-8", subject), id, answers, body)
}

// folded is base64 in lines of 76.
func folded(b []byte) string {
	var out strings.Builder
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(b)), 76) {
		out.Write(line)
		out.WriteString("\r\n")
	}
	return out.String()
}
