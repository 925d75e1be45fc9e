package mailin

import "fmt"

// xoauth2 is the SASL mechanism of that name, as Google and Microsoft describe it.
type xoauth2 struct{ username, token string }

// Start gives the whole of what the client has to say.
func (x xoauth2) Start() (mech string, initial []byte, err error) {
	return "XOAUTH2", fmt.Appendf(nil, "user=%s\x01auth=Bearer %s\x01\x01", x.username, x.token), nil
}

// Next is asked for only when the token was refused: the challenge is the server's reason.
func (x xoauth2) Next(challenge []byte) ([]byte, error) {
	return nil, fmt.Errorf("%w: %s", errTokenRefused, challenge)
}
