package demo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

func readMails(t *testing.T, now time.Time) []Mail {
	t.Helper()
	mails, err := Mails(now)
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

func header(t *testing.T, raw []byte) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

// decode reads bytes of a declared charset and insists that writing them again
// gives the same bytes.
func decode(charset string, raw []byte) (string, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return "", err
	}
	text, err := enc.NewDecoder().Bytes(raw)
	if err != nil {
		return "", err
	}
	if bytes.ContainsRune(text, '\uFFFD') {
		return "", fmt.Errorf("not %s: %q", charset, raw)
	}
	again, err := encoding.HTMLEscapeUnsupported(enc.NewEncoder()).Bytes(text)
	if err != nil || !bytes.Equal(again, raw) {
		return "", fmt.Errorf("%s does not survive a round trip (%w)", charset, err)
	}
	return string(text), nil
}

// texts decodes every text part below a header.
func texts(h textproto.MIMEHeader, body io.Reader) ([]string, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(kind, "multipart/") {
		var out []string
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return out, nil
			}
			if err != nil {
				return nil, err
			}
			sub, err := texts(p.Header, p)
			if err != nil {
				return nil, err
			}
			out = append(out, sub...)
		}
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	raw, err := io.ReadAll(body)
	if err != nil || !strings.HasPrefix(kind, "text/") {
		return nil, err
	}
	text, err := decode(params["charset"], raw)
	return []string{text}, err
}

func wholeText(raw []byte) (string, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", err
	}
	dec := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(in), nil
	}}
	subject := m.Header.Get("Subject")
	if words, err := dec.DecodeHeader(subject); err == nil {
		subject = words
	}
	parts, err := texts(textproto.MIMEHeader(m.Header), m.Body)
	return subject + "\n" + strings.Join(parts, "\n"), err
}

// checkBytes says what no mailer would write.
func checkBytes(raw []byte) error {
	if i := bytes.Index(raw, []byte("{{")); i >= 0 {
		return fmt.Errorf("token left: %.30q", raw[i:])
	}
	bare := bytes.ReplaceAll(raw, []byte("\r\n"), nil)
	if i := bytes.IndexAny(bare, "\r\n"); i >= 0 {
		return errors.New("a CR or LF stands alone")
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 998 {
			return fmt.Errorf("line of %d octets", len(line))
		}
	}
	return nil
}

func TestMailsAreWhatAMailerSends(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, zone())
	mails := readMails(t, now)
	if len(mails) < 36 {
		t.Errorf("only %d mails", len(mails))
	}
	ids := map[string]bool{}
	for _, m := range mails {
		if err := checkBytes(m.Raw); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if text, err := wholeText(m.Raw); err != nil || strings.TrimSpace(text) == "" {
			t.Errorf("%s: text %q, %v", m.Name, text, err)
		}
		h := header(t, m.Raw)
		sent, err := h.Date()
		if want := now.Add(-m.Ago).Truncate(time.Second); err != nil || !sent.Equal(want) {
			t.Errorf("%s: dated %v, %v; want %v", m.Name, sent, err, want)
		}
		id := h.Get("Message-Id")
		if id == "" || ids[id] {
			t.Errorf("%s: Message-ID %q is empty or used twice", m.Name, id)
		}
		ids[id] = true
		if to := h.Get("To"); !strings.Contains(to, "service@galaxy.example") {
			t.Errorf("%s: to %q", m.Name, to)
		}
	}
}

func TestMailsArriveInOrderAndAfterWhatTheyTellOf(t *testing.T) {
	t.Parallel()
	for _, now := range startDays() {
		latest := map[string]time.Time{}
		for _, a := range readAccounts(t, now) {
			for _, c := range a.Charges {
				if c.ChargedAt.After(latest[a.AccountNo]) {
					latest[a.AccountNo] = c.ChargedAt
				}
			}
		}
		last := 31 * 24 * time.Hour
		for _, m := range readMails(t, now) {
			if m.Ago <= 0 || m.Ago > last {
				t.Errorf("%s: %s arrived %s before now, the one before it %s", now, m.Name, m.Ago, last)
			}
			last = m.Ago
			at := now.Add(-m.Ago)
			if at.Before(latest[m.Account]) {
				t.Errorf("%s: %s arrived at %s, before the charge of %s", now, m.Name, at, latest[m.Account])
			}
			if day := at.Weekday(); m.Ago > 24*time.Hour && (day == time.Saturday || day == time.Sunday || at.Hour() < 9 || at.Hour() > 17) {
				t.Errorf("%s: %s arrived at %s", now, m.Name, at)
			}
		}
	}
}

func TestEveryMailFileIsListed(t *testing.T) {
	t.Parallel()
	listed := map[string][]string{}
	for _, a := range schedule() {
		listed["mails"] = append(listed["mails"], "mails/"+a.name+".eml")
	}
	for _, r := range Replies() {
		listed["replies"] = append(listed["replies"], "replies/"+r.Name+".eml")
	}
	for dir, want := range listed {
		got, err := fs.Glob(files, dir+"/*")
		slices.Sort(want)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s (-listed +there), %v:\n%s", dir, err, diff)
		}
	}
}

func TestMembersWriteFromTheirRegisteredAddress(t *testing.T) {
	t.Parallel()
	now := startDays()[0]
	registered, known := map[string]string{}, map[string]bool{}
	for _, a := range readAccounts(t, now) {
		registered[a.AccountNo], known[a.AccountNo] = a.Email, true
		for _, s := range a.Subscriptions {
			known[s.ID] = true
		}
		for _, g := range a.Agreements {
			known[g.ID] = true
		}
		for _, c := range a.Charges {
			known[c.ID] = true
		}
	}
	owner := map[string]string{}
	for no, email := range registered {
		owner[email] = no
	}
	id := regexp.MustCompile(`\b(GX|[SAC]-)\d[\w-]*`)
	check := func(name, account, expect string, raw []byte) {
		from, err := header(t, raw).AddressList("From")
		if err != nil {
			// Names in GBK and Big5 need a charset reader; the address does not.
			from = []*mail.Address{{Address: strings.Trim(regexp.MustCompile(`<[^>]+>$`).FindString(header(t, raw).Get("From")), "<>")}}
		}
		if len(from) != 1 || from[0].Address == "" || owner[from[0].Address] != account {
			t.Errorf("%s: from %v, which is registered to %q, want %q", name, from, owner[from[0].Address], account)
		}
		if expect == "" || strings.Contains(expect, "\n") {
			t.Errorf("%s: expectation %q is not one line", name, expect)
		}
		for _, ref := range id.FindAllString(expect, -1) {
			if !known[ref] {
				t.Errorf("%s expects something of %s, which is in no account", name, ref)
			}
		}
	}
	for _, m := range readMails(t, now) {
		check(m.Name, m.Account, m.Expect, m.Raw)
	}
	for _, r := range Replies() {
		raw, err := r.Raw(now, "<a@galaxy.example>", "x")
		if err != nil {
			t.Fatal(err)
		}
		check(r.Name, r.Account, r.Expect, raw)
	}
}

// A receiving server writes its result above its own Received line; what stands
// below may come from anybody.
func TestOnlySpoofedMailsLackAuthentication(t *testing.T) {
	t.Parallel()
	for _, m := range readMails(t, startDays()[0]) {
		if m.Account == "" {
			continue
		}
		top, below, _ := strings.Cut(string(m.Raw), "Received:")
		below, _, _ = strings.Cut(below, "\r\n\r\n")
		domain := regexp.MustCompile(`\nFrom: [^@]*?[^@]*@([a-z.]+)>`).FindStringSubmatch(below)
		if domain == nil {
			t.Errorf("%s: no From below Received", m.Name)
			continue
		}
		pass := strings.Contains(top, "Authentication-Results: mx.galaxy.example;\r\n\tdmarc=pass header.from="+domain[1]+";\r\n\tdkim=pass header.d="+domain[1]+";")
		if spoofed := strings.Contains(m.Name, "spoofed"); pass == spoofed {
			t.Errorf("%s: authenticated is %v for %s", m.Name, pass, domain[1])
		}
		if forged := strings.Contains(below, "dmarc=pass"); forged != strings.Contains(m.Name, "forged") {
			t.Errorf("%s: a result below Received is %v", m.Name, forged)
		}
	}
}

func TestMailsSayWhatTheyShould(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, m := range readMails(t, startDays()[0]) {
		text, err := wholeText(m.Raw)
		if err != nil {
			t.Fatal(err)
		}
		got[m.Name] = text
	}
	for name, want := range map[string]string{
		"01-stop-gbk-foxmail":                  "麻烦把自动续费关掉",
		"02-cancel-refund-year-gb2312-outlook": "陈志镕",
		"06-stop-english-plain":                "turn off\r\nthe automatic renewal",
		"07-stop-traditional-big5":             "請停止自動續費",
		"08-ambiguous-cancel-service":          "取消服务\n",
		"10-entry-complaint-gb18030":           "唐𠮷昌",
		"12-cancel-refund-english-qp":          "¥198",
		"14-bare-td":                           "TD\n",
		"16-auto-reply-without-header":         "自动回复：",
		"17-bounce-rfc3464":                    "550 5.1.1",
		"25-html-script":                       "<script>",
		"29-pause-outlook-reply":               "发件人: 星河会员",
		"32-forwarded-notice-qq-reply":         "原始邮件",
	} {
		if !strings.Contains(got[name], want) {
			t.Errorf("%s does not say %q:\n%s", name, want, got[name])
		}
	}
}

func TestOneSubjectIsRawGBK(t *testing.T) {
	t.Parallel()
	for _, m := range readMails(t, startDays()[0]) {
		raw := header(t, m.Raw).Get("Subject")
		eightBit := strings.ContainsFunc(raw, func(c rune) bool { return c > 0x7e })
		if want := m.Name == "13-stop-raw-8bit-subject"; eightBit != want {
			t.Errorf("%s: raw 8-bit subject is %v", m.Name, eightBit)
		} else if want {
			if text, err := decode("gbk", []byte(raw)); err != nil || text != "停掉自动续费" {
				t.Errorf("%s: subject %q, %v", m.Name, text, err)
			}
		}
	}
}
