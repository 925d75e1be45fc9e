package platform_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/canceldesk/canceldesk/store/platform"
)

// The example of the Standard Webhooks libraries; `openssl dgst -sha256 -mac HMAC` gives the same.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func exampleTime() time.Time { return time.Unix(1614265330, 0) }

func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	t.Parallel()
	secret, err := platform.ParseSecret(exampleSecret)
	if err != nil {
		t.Fatal(err)
	}
	if got := secret.Sign(exampleID, exampleTime(), []byte(exampleBody)); got != exampleSignature {
		t.Errorf("signature %s, want %s", got, exampleSignature)
	}
	if _, err := platform.ParseSecret("whsec_not base64"); err == nil {
		t.Error("a secret that can't be read was taken")
	}
}

func TestVerifyBelievesNothingElse(t *testing.T) {
	t.Parallel()
	secret, err := platform.ParseSecret(exampleSecret)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(h http.Header)
		body   string
		now    time.Time
		good   bool
	}{
		"as it was signed":        {good: true},
		"one of several":          {change: func(h http.Header) { h.Set(platform.HeaderSignature, "v1,AAAA v2,x "+exampleSignature) }, good: true},
		"at the edge of the time": {now: exampleTime().Add(5 * time.Minute), good: true},
		"another body":            {body: `{"test": 2432232315}`},
		"another id":              {change: func(h http.Header) { h.Set(platform.HeaderID, "msg_2") }},
		"another time":            {change: func(h http.Header) { h.Set(platform.HeaderTimestamp, "1614265331") }},
		"no signature":            {change: func(h http.Header) { h.Del(platform.HeaderSignature) }},
		"no id":                   {change: func(h http.Header) { h.Del(platform.HeaderID) }},
		"no time":                 {change: func(h http.Header) { h.Del(platform.HeaderTimestamp) }},
		"an empty signature":      {change: func(h http.Header) { h.Set(platform.HeaderSignature, "v1,") }},
		"another version": {change: func(h http.Header) {
			h.Set(platform.HeaderSignature, strings.Replace(exampleSignature, "v1", "v1a", 1))
		}},
		"too old":         {now: exampleTime().Add(5*time.Minute + time.Second)},
		"from the future": {now: exampleTime().Add(-5*time.Minute - time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set(platform.HeaderID, exampleID)
			h.Set(platform.HeaderTimestamp, "1614265330")
			h.Set(platform.HeaderSignature, exampleSignature)
			if c.change != nil {
				c.change(h)
			}
			body, now := exampleBody, exampleTime()
			if c.body != "" {
				body = c.body
			}
			if !c.now.IsZero() {
				now = c.now
			}
			if err := secret.Verify(h, []byte(body), now); (err == nil) != c.good {
				t.Errorf("error %v, want good %v", err, c.good)
			}
		})
	}
	if err := platform.Secret(nil).Verify(http.Header{}, nil, exampleTime()); err == nil {
		t.Error("without a secret everything is believed")
	}
}
