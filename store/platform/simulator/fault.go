package simulator

import (
	"slices"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// What can go wrong on command.
const (
	Slow     FaultKind = "slow"      // the call is carried out, and answered after Delay
	Lost     FaultKind = "lost"      // it is carried out, and the answer is lost
	Refuse   FaultKind = "refuse"    // it is refused
	Down     FaultKind = "down"      // nothing is done and nothing answered but 503
	InFlight FaultKind = "in_flight" // a debit is on its way when the stop comes, and arrives after it
)

// Fault is trouble on command.
type Fault struct {
	On    string        `json:"on"` // lookup, hold, release, stop, terminate, refund, query; "" for all
	Kind  FaultKind     `json:"kind"`
	Delay time.Duration `json:"delay"` // of slow, in nanoseconds
	Times int           `json:"times"` // how many calls it meets; 0 is all until it is taken away
}

// SetFaults replaces all faults; none is no trouble.
func (s *Simulator) SetFaults(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = slices.Clone(faults)
}

// fault is the first fault that meets a call, which counts as one of its times.
func (s *Simulator) fault(op string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(f Fault) bool { return f.On == "" || f.On == op })
	if i < 0 {
		return Fault{}
	}
	f := s.faults[i]
	switch f.Times {
	case 0:
	case 1:
		s.faults = slices.Delete(s.faults, i, i+1)
	default:
		s.faults[i].Times--
	}
	return f
}
