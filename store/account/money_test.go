package account_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/canceldesk/canceldesk/store/account"
)

func TestYuan(t *testing.T) {
	t.Parallel()
	for fen, want := range map[int64]string{
		0: "0.00", 1: "0.01", 10: "0.10", 99: "0.99", 100: "1.00", 1990: "19.90", 123456789: "1234567.89",
		-5: "-0.05", -1990: "-19.90", math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		if got := account.Yuan(fen); got != want {
			t.Errorf("%d fen is %q, want %q", fen, got, want)
		}
	}
}

func TestParseYuan(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int64{
		"0.01": 1, "0.10": 10, "0.1": 10, "0.99": 99, "1.00": 100, "1": 100, "19.90": 1990, "19.9": 1990,
		"0": 0, "0.00": 0, "0.29": 29, "1.15": 115, "8.87": 887, "1234567.89": 123456789,
	} {
		got, err := account.ParseYuan(s)
		if err != nil || got != want {
			t.Errorf("%q is %d fen (%v), want %d", s, got, err, want)
		}
	}
}

func TestParseYuanRefusesWhatIsNotExact(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", ".", "5.", ".50", "19.905", "19.900", "-1.00", "+1.00", "1.-1", "1.+1", " 1.00", "1.00 ", "1,000.00",
		"1e2", "¥19.90", "19.90元", "１９.90", "0x10", "1_000", "1.0.0", "NaN",
		"92233720368547758.08", "99999999999999999999",
	} {
		if got, err := account.ParseYuan(s); err == nil {
			t.Errorf("%q was read as %d fen", s, got)
		}
	}
}

func TestYuanReadsBackExactly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(0, math.MaxInt64/100*99).Draw(t, "fen")
		got, err := account.ParseYuan(account.Yuan(fen))
		if err != nil || got != fen {
			t.Fatalf("%d fen is %q, read back as %d (%v)", fen, account.Yuan(fen), got, err)
		}
	})
}
