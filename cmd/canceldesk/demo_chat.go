package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/canceldesk/canceldesk/tickets"
)

// demoChat is a sample conversation that the demo's app hands over.
type demoChat struct {
	id, account, name, locale string // account of a session that the app signed, "" for none
	ago                       time.Duration
	lines                     []demoLine
}

type demoLine struct {
	from tickets.Speaker
	text string
}

// demoChats are a member who is logged in and asks clearly, one whose wish is not clear yet, and somebody
// who is not logged in and waits for a person.
func demoChats() []demoChat {
	return []demoChat{
		{"chat-20417", "GX1030", "宋佳", "zh-CN", 3 * 24 * time.Hour, []demoLine{
			{tickets.SaidByCustomer, "你好"},
			{tickets.SaidByBot, "您好，我是小星。请问需要什么帮助？可回复：续费、开票、转人工。"},
			{tickets.SaidByCustomer, "把我的会员自动续费关掉，下个月别扣了"},
			{tickets.SaidByBot, "正在为您转接客服。"},
		}},
		{"chat-20588", "GX1029", "方圆", "zh-CN", 3 * time.Hour, []demoLine{
			{tickets.SaidByCustomer, "取消服务"},
		}},
		{"chat-20590", "", "", "zh-CN", 30 * time.Minute, []demoLine{
			{tickets.SaidByCustomer, "在吗，我要投诉，你们的机器人根本找不到关闭的入口"},
			{tickets.SaidByBot, "非常抱歉，正在为您转接客服。"},
			{tickets.SaidByCustomer, "到底有没有人"},
		}},
	}
}

// chat hands a sample conversation over as the app's server would.
func (h *history) chat(ctx context.Context, c demoChat, at time.Time) error {
	hand := tickets.Handover{ConversationID: c.id, Locale: c.locale, Customer: tickets.ChatCustomer{Name: c.name}}
	for i, l := range c.lines {
		hand.Lines = append(hand.Lines, tickets.ChatLine{
			ID: fmt.Sprintf("%s-%d", c.id, i+1), From: l.from, Text: l.text, At: at.Add(time.Duration(i-len(c.lines)) * 20 * time.Second),
		})
	}
	if c.account != "" {
		hand.Session = &tickets.ChatSession{AccountNo: c.account, ExpiresAt: at.Add(10 * time.Minute)}
		hand.SessionWhy = "signed by the app, until " + hand.Session.ExpiresAt.Format(time.RFC3339)
	}
	var err error
	if hand.Original, err = json.Marshal(hand.Lines); err != nil {
		return fmt.Errorf("write sample chat: %w", err)
	}
	if _, _, err = h.app.desk.Handoff(ctx, hand); err != nil {
		return fmt.Errorf("hand %s over: %w", c.id, err)
	}
	return nil
}
