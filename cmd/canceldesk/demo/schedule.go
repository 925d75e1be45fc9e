package demo

import "time"

// schedule lists the sample mails. Days are at least 2, so that no mail of a
// fixed time of day can lie in the future.
func schedule() []arrival {
	return []arrival{
		{name: "01-stop-gbk-foxmail", days: 28, clock: "10:12", account: "GX1001", expect: "stop S-1001"},
		{name: "02-cancel-refund-year-gb2312-outlook", days: 27, clock: "14:40", account: "GX1002", expect: "stop S-1002, propose the prorated refund of C-1002-1"},
		{name: "03-newsletter-list", days: 26, clock: "09:05", expect: "list, no ticket"},
		{name: "04-charged-twice-utf8-qp-iphone", days: 23, clock: "11:26", account: "GX1003", expect: "refund_mistaken_charge: refund C-1003-8 in full"},
		{name: "05-charged-after-cancel-gb18030-qq", days: 22, clock: "15:33", account: "GX1004", expect: "refund_mistaken_charge: refund C-1004-7 in full"},
		{name: "06-stop-english-plain", days: 22, clock: "16:20", account: "GX1014", expect: "stop S-1014, answer in English"},
		{name: "07-stop-traditional-big5", days: 21, clock: "10:48", account: "GX1015", expect: "stop S-1015"},
		{name: "08-ambiguous-cancel-service", days: 20, clock: "09:41", account: "GX1005", expect: "clarify, hold S-1005 and S-1005B"},
		{name: "09-presales-question", days: 20, clock: "14:02", expect: "not_cancellation"},
		{name: "10-entry-complaint-gb18030", days: 19, clock: "10:30", account: "GX1016", expect: "stop S-1016, entry_complaint as well"},
		{name: "11-topup-missing", days: 19, clock: "16:55", account: "GX1017", expect: "not_cancellation"},
		{name: "12-cancel-refund-english-qp", days: 18, clock: "11:17", account: "GX1018", expect: "stop S-1018, propose the prorated refund of C-1018-1"},
		{name: "13-stop-raw-8bit-subject", days: 17, clock: "13:38", account: "GX1019", expect: "stop S-1019"},
		{name: "14-bare-td", days: 16, clock: "10:09", account: "GX1020", expect: "clarify, hold S-1020"},
		{name: "15-auto-reply-rfc3834", days: 15, clock: "10:01", account: "GX1021", expect: "auto_reply, no ticket"},
		{name: "16-auto-reply-without-header", days: 15, clock: "10:02", account: "GX1011", expect: "auto_reply, no ticket"},
		{name: "17-bounce-rfc3464", days: 14, clock: "10:03", expect: "bounce, no ticket"},
		{name: "18-asset-question", days: 14, clock: "15:20", account: "GX1013", expect: "asset_disposal, stop nothing"},
		{name: "19-two-accounts-one-phone", days: 13, clock: "09:50", account: "GX1007", expect: "stop S-1007, leave S-1008"},
		{name: "20-external-apple", days: 12, clock: "12:31", account: "GX1010", expect: "customer_must_act: send the steps for S-1010"},
		{name: "21-spoofed-dmarc-fail", days: 12, clock: "16:44", account: "GX1023", expect: "hold S-1023, ask the registered contact"},
		{name: "22-spoofed-forged-auth-header", days: 11, clock: "17:12", account: "GX1024", expect: "hold S-1024, ask the registered contact, no refund"},
		{name: "23-unregistered-address-by-phone", days: 10, clock: "10:25", expect: "neutral receipt, hold S-1025, ask the registered contact"},
		{name: "24-shared-agreement", days: 9, clock: "11:02", account: "GX1006", expect: "stop S-1006 at the biller, ask before ending A-1006 because of S-1006B"},
		{name: "25-html-script", days: 9, clock: "15:47", account: "GX1026", expect: "stop S-1026, run nothing of its HTML"},
		{name: "26-screenshot-only", days: 8, clock: "12:18", account: "GX1027", expect: "clarify, keep the picture"},
		{name: "27-two-requests", days: 7, clock: "10:36", account: "GX1028", expect: "stop S-1028, asset_disposal as well"},
		{name: "28-status-inquiry", days: 7, clock: "14:29", account: "GX1001", expect: "status_inquiry about S-1001"},
		{name: "29-pause-outlook-reply", days: 6, clock: "09:33", account: "GX1021", expect: "clarify, hold S-1021"},
		{name: "30-delete-account", days: 6, clock: "16:08", account: "GX1022", expect: "clarify, hold S-1022, delete nothing"},
		{name: "31-regulator-threat", days: 5, clock: "11:51", account: "GX1029", expect: "stop S-1029, propose the prorated refund of C-1029-2, flag regulator"},
		{name: "32-forwarded-notice-qq-reply", days: 5, clock: "15:06", account: "GX1012", expect: "stop S-1011 for its payer, leave S-1012, show nothing of GX1011"},
		{name: "33-stop-foxmail-reply", days: 4, clock: "10:57", account: "GX1025", expect: "stop S-1025, the hold of 23 is confirmed"},
		{name: "34-asset-traditional-utf8", days: 4, clock: "14:15", account: "GX1015", expect: "asset_disposal, move nothing"},
		{name: "35-thank-you", days: 3, clock: "09:28", account: "GX1004", expect: "no new work, the ticket of 05 stays solved"},
		{name: "36-withdrawal", days: 3, clock: "11:40", account: "GX1005", expect: "withdraw: release the holds on S-1005 and S-1005B"},
		{name: "37-entry-complaint-english", days: 2, clock: "10:19", account: "GX1014", expect: "entry_complaint, answer in English"},
		{name: "38-marketing-sms", days: 2, clock: "13:44", account: "GX1003", expect: "not_cancellation"},
		{name: "39-unknown-charge", ago: 22 * time.Hour, account: "GX1013", expect: "refund_mistaken_charge about C-1013-7, a person decides"},
		{name: "40-ambiguous-english", ago: 5 * time.Hour, account: "GX1018", expect: "clarify in English"},
		{name: "41-minor-child", ago: 100 * time.Minute, account: "GX1030", expect: "stop S-1030, flag minor, a person decides the refund of C-1030-1"},
		{name: "42-contact-changed", ago: 70 * time.Minute, account: "GX1009", expect: "hold S-1009: the address was changed less than 72 hours ago"},
		{name: "43-stop-fresh", ago: 25 * time.Minute, account: "GX1008", expect: "stop S-1008, leave S-1007"},
		{name: "44-how-to-change-card", ago: 8 * time.Minute, expect: "not_cancellation"},
	}
}
