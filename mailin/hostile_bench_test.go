package mailin

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// hostileMails are mails that make careless parsers quadratic or worse, n times as large as the
// smallest of their kind.
func hostileMails(n int) map[string]string {
	var nested, fields, parts strings.Builder
	for i := range 2000 * n {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	for i := range 20000 * n {
		fmt.Fprintf(&fields, "X-Field-%d: value\n", i)
	}
	parts.WriteString("From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n")
	for i := range 10000 * n {
		fmt.Fprintf(&parts, "--b\nContent-Type: text/plain; name=%d.txt\n\nx\n", i)
	}
	return map[string]string{
		"2000 unclosed nested multiparts": nested.String(),
		"20000 headers":                   fields.String() + "From: a@x.example\n\nx",
		"a header line of 1 MB":           "Subject: " + strings.Repeat("退订 ", n<<20/7) + "\nFrom: a@x.example\n\nx",
		"an encoded header line of 1 MB":  "Subject: " + strings.Repeat("=?utf-8?B?6YCA6K6i?= ", n<<20/21) + "\nFrom: a@x.example\n\nx",
		"10000 parts":                     parts.String(),
	}
}

// BenchmarkHostileMails parses each kind of hostile mail, and one four times as large: the time of a
// byte stays the same. More than limit for one of them fails.
func BenchmarkHostileMails(b *testing.B) {
	const limit = 200 * time.Millisecond
	larger := hostileMails(4)
	for name, mail := range hostileMails(1) {
		for times, raw := range map[int][]byte{1: []byte(mail), 4: []byte(larger[name])} {
			b.Run(fmt.Sprintf("%s/x%d", name, times), func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				for range b.N {
					Parse(raw, testOptions())
					Fingerprint(raw)
				}
				per := b.Elapsed() / time.Duration(b.N)
				b.ReportMetric(float64(per.Microseconds())/1000, "ms/mail")
				b.ReportMetric(float64(len(raw)>>10), "KB")
				if per > limit*time.Duration(times) {
					b.Errorf("%v for a mail of %d bytes, more than %v", per, len(raw), limit*time.Duration(times))
				}
			})
		}
	}
}
