package agents

import "time"

// AnswerLife is how long the answer to a request with an Idempotency-Key is kept.
const AnswerLife = 24 * time.Hour

// Request is a request that its sender may send again: who sends what, under a key of his own.
type Request struct {
	Caller string `gorm:"primaryKey"` // actor, such as key:ID
	Method string `gorm:"primaryKey"`
	Path   string `gorm:"primaryKey"`
	Key    string `gorm:"primaryKey"`
	// BodyHash tells whether it is the same request.
	BodyHash string
	Status   int    // of the answer; 0 while there is none yet
	Answer   []byte // as it was given
	At       time.Time
}
