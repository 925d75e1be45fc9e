package intent

import "testing"

func TestAYesThatGoesOnAndThanksWithAKindWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text            string
		affirms, thanks bool
	}{
		{"同意这个金额，请现在就退，会员马上停掉也可以。\n\n陈志镕", true, false},
		{"I agree to the amount, please go ahead.", true, false},
		{"好的，同意", true, false},
		{"同意，但是金额不对", false, false},
		{"好久没收到退款", false, false},
		{"可以退多少？", false, false},
		{"同意的话会怎么样", false, false},
		{"Thank you, that was quick!\n\nJames", false, true},
		{"谢谢你们，处理得挺快。", false, true},
		{"谢谢，不过今天又扣了我19.9", false, false},
		{"谢谢，麻烦关闭自动续费", false, false},
	} {
		u := Understand(Message{Channel: "email", Text: c.text})
		if u.Affirms != c.affirms || u.Thanks != c.thanks {
			t.Errorf("%q: affirms %v, thanks %v; want %v, %v", c.text, u.Affirms, u.Thanks, c.affirms, c.thanks)
		}
	}
}
