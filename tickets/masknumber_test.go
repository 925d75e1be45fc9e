package tickets_test

import (
	"testing"

	"github.com/canceldesk/canceldesk/tickets"
)

func TestSubjectsHideIDAndCardNumbers(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"身份证110105199003070021要退订":            "身份证110105********0021要退订",
		"身份证 11010519491231002x，请关闭自动续费":      "身份证 110105********002x，请关闭自动续费",
		"身份证１１０１０５１９９００３０７００２１要退订":            "身份证110105********0021要退订",
		"卡号 6222 0212 3456 7894 被扣费":          "卡号 622202******7894 被扣费",
		"卡号6222-0212-3456-7894被扣费":            "卡号622202******7894被扣费",
		"3月5日 12:30 4111111111111111 扣了 30 元": "3月5日 12:30 411111******1111 扣了 30 元",
		"交易单号4200002001202603051234567890要退款": "交易单号4200002001202603051234567890要退款",
		"手机13800001234，订单 2026030512345":      "手机13800001234，订单 2026030512345",
	} {
		for name, subject := range map[string]func(string) string{"a call": tickets.Heading, "a chat": tickets.Excerpt} {
			if got := subject(said); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}
