package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// runIntent runs the command as a shell would and gives both outputs.
func runIntent(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := intentCommand()
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	err = cmd.Execute()
	return out.String(), errOut.String(), err
}

func TestIntent_prints_a_line_for_each_message(t *testing.T) {
	t.Parallel()
	in := "\ufeff" + `{"id":"a1","channel":"chat","text":"关闭自动续费，账号 mei_77"}
{"id":7,"channel":"email","subject":"谢谢","text":"<b>收到</b>"}`
	got, _, err := runIntent(t, in, "-")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"a1","intent":"stop_auto_renew","intents":["stop_auto_renew"],"flags":[],"facts":{"account":"mei_77"},"confidence":0.95,"why":"关闭自动续费 → stop, object: billing"}
{"id":"7","intent":"not_cancellation","intents":["not_cancellation"],"flags":[],"facts":{},"confidence":0.3,"why":""}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestIntent_reports_bad_lines_and_goes_on(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "in.jsonl")
	lines := "{\"id\":\"a\",\"text\":\"取消自动续费\"}\nnot json\n\n{\"id\":\"b\"}\n{\"id\":\"c\",\"text\":\"退订\"}\n"
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errOut, err := runIntent(t, "", file)
	if !errors.Is(err, errBadLines) {
		t.Errorf("error is %v, want %v", err, errBadLines)
	}
	if n := strings.Count(out, "\n"); n != 2 || !strings.Contains(out, `"id":"c"`) {
		t.Errorf("%d lines came out, want those of a and c:\n%s", n, out)
	}
	if !strings.Contains(errOut, "line 2: ") || !strings.Contains(errOut, "line 4: ") {
		t.Errorf("the bad lines are not named:\n%s", errOut)
	}
}

func TestIntent_eval_scores_a_labelled_file(t *testing.T) {
	t.Parallel()
	in := `{"id":"x1","channel":"chat","lang":"zh","text":"关闭自动续费，手机13800138000","intent":"stop_auto_renew","also":[],"facts":{"phone":"13800138000"},"note":""}
{"id":"x2","channel":"chat","lang":"zh","text":"取消自动续费","intent":"status_inquiry","also":["stop_auto_renew"],"facts":{},"note":""}
{"id":"x3","channel":"chat","lang":"zh","text":"退订","intent":"not_cancellation","also":[],"facts":{},"note":""}
`
	out, _, err := runIntent(t, in, "eval", "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"accuracy, strict                 0.333 (1/3)",
		"accuracy, counting also          0.667 (2/3)",
		"stop and refund recall           1.000 (1/1)",
		"false stops on not_cancellation  1.000 (1/1)",
		"phone           1.000 (1/1)",
		"miss x3: labelled not_cancellation, read stop_auto_renew",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}

func TestIntent_fails_on_a_file_that_is_not_there(t *testing.T) {
	t.Parallel()
	_, _, err := runIntent(t, "", filepath.Join(t.TempDir(), "none.jsonl"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v, want that the file does not exist", err)
	}
}

func TestIntent_without_a_file_is_a_usage_error(t *testing.T) {
	t.Parallel()
	var out, errOut bytes.Buffer
	code := run(t.Context(), environment{args: []string{"intent"}, in: strings.NewReader(""), out: &out, err: &errOut, now: wallClock})
	if code != 2 {
		t.Errorf("exit %d, want 2\n%s", code, errOut.String())
	}
}
