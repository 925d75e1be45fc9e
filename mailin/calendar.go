package mailin

import "strings"

// invitation is what people read of a calendar object (RFC 5545): the lines that tell what, when, where
// and from whom. It is shown where a mail has no other text; the object itself stays an attachment.
func invitation(ics string) string {
	ics = strings.ReplaceAll(strings.ReplaceAll(ics, "\r\n", "\n"), "\n ", "")
	var sb strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(ics, "\n\t", "")) {
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		property, _, _ := strings.Cut(strings.ToUpper(name), ";")
		if !found || value == "" {
			continue
		}
		switch property {
		case "SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "DTSTART", "DTEND", "ORGANIZER":
			sb.WriteString(property + ": " + icsText.Replace(value) + "\n")
		}
	}
	if sb.Len() == 0 {
		return ics
	}
	return strings.TrimSpace(sb.String())
}

// icsText undoes the escapes of a text (RFC 5545 3.3.11).
var icsText = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`, "mailto:", "", "MAILTO:", "")
