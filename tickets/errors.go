package tickets

// Kind says what sort of error it is. A Kind is itself the sentinel (errors.Is(err, NotFound)) and
// the stable code that API clients see.
type Kind string

// The kinds. Anything that carries none of them is a bug in the program.
const (
	Invalid         Kind = "invalid"
	Unauthenticated Kind = "unauthenticated"
	Forbidden       Kind = "forbidden"
	NotFound        Kind = "not_found"
	Conflict        Kind = "conflict"
	Stale           Kind = "stale" // somebody else changed it first
	TooLarge        Kind = "too_large"
	TooMany         Kind = "too_many"
	Unavailable     Kind = "unavailable" // trying again later may help
)

// Error makes a Kind an error, so that it can be matched with errors.Is.
func (k Kind) Error() string { return string(k) }

// Error is an error with a message that may be shown to people and a cause that only operators see.
type Error struct {
	Kind Kind
	Msg  string
	Err  error
	// Fixed says that Msg is constant text of the program, nothing of anybody's data in it, so that a log
	// may quote it.
	Fixed bool
}

// Error is Msg, then ": " and the cause where there is one.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap gives the Kind and the cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }
