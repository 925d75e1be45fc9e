package mailin

import "strings"

// Defect is the stable code of something that is wrong with a mail, or that whoever reads it should
// know about how it came to be shown. The desk shows each in words, and its detail behind them.
type Defect string

// What can be wrong with a header.
const (
	DefectNoHeader          Defect = "no_header"          // the bytes begin with text
	DefectMissingFrom       Defect = "missing_from"       // nobody is named as the writer
	DefectMultipleFrom      Defect = "multiple_from"      // more than one From field
	DefectMissingMessageID  Defect = "missing_message_id" // none, or an empty one
	DefectMissingDate       Defect = "missing_date"       // none at all
	DefectBadDate           Defect = "bad_date"           // detail: as written
	DefectDateWithoutZone   Defect = "date_without_zone"  // taken for UTC
	DefectBadAddress        Defect = "bad_address"        // detail: the field
	DefectRawHeader         Defect = "raw_header"         // bytes that are neither encoded nor UTF-8; detail: the field
	DefectBadHeaderLine     Defect = "bad_header_line"    // a line among the fields that is none
	DefectHeaderTooLong     Defect = "header_too_long"    // the rest of it was passed over
	DefectHeaderWithoutEnd  Defect = "header_without_end" // no blank line before the body
	DefectSizeDiffers       Defect = "size_differs"       // detail: what the server said
	DefectUnknownEncoding   Defect = "unknown_encoding"   // shown as it is; detail: the name nobody knows
	DefectWrongType         Defect = "wrong_type"         // HTML called plain text, or the other way; detail: what it is called
	DefectWrongEncoding     Defect = "wrong_encoding"     // detail: the transfer encoding it has and does not declare
	DefectWrongCharset      Defect = "wrong_charset"      // detail: the label and what the bytes were
	DefectBadBase64         Defect = "bad_base64"         // bytes that do not belong into base64 were passed over
	DefectNotBase64         Defect = "not_base64"         // called base64, and shown as it is
	DefectBadBoundary       Defect = "bad_boundary"       // another one than declared parts the mail
	DefectNoBoundary        Defect = "no_boundary"        // declared as parts, shown as one text
	DefectNoParts           Defect = "no_parts"           // what stands where parts should be is shown
	DefectUnclosedMultipart Defect = "unclosed_multipart" // ends without its closing boundary
	DefectPartsAfterEnd     Defect = "parts_after_end"    // kept all the same
	DefectTooDeep           Defect = "too_deep"           // what is nested deeper is one attachment
	DefectTooManyParts      Defect = "too_many_parts"     // the rest is one attachment
	DefectTextCut           Defect = "text_cut"           // only its beginning is shown
)

// What a reader should know about the text he is shown.
const (
	DefectForwardedOnly Defect = "forwarded_only" // the writer added no word to what he forwards
	DefectQuotedOnly    Defect = "quoted_only"    // the writer added no word to what he quotes
	DefectNestedOnly    Defect = "nested_only"    // the text is that of an attached mail
	DefectNamedBody     Defect = "named_body"     // the text is that of a part with a file name
	DefectOutsideParts  Defect = "outside_parts"  // the text stands before or behind the parts
	DefectReportOnly    Defect = "report_only"    // the text is a machine's report
	DefectEncrypted     Defect = "encrypted"      // only the writer's own program could open it; kept whole
	DefectWinmail       Defect = "winmail"        // its files are inside winmail.dat, which is kept whole
)

// defects is what is wrong with one mail: codes, each followed by ": " and a short detail where there
// is one. The same is noted once, and no more than a hundred.
type defects struct {
	list  []string
	known map[string]bool
}

// note adds a defect; an empty detail is none.
func (d *defects) note(code Defect, detail string) {
	s := string(code)
	if detail != "" {
		s += ": " + detail
	}
	if d.known[s] || len(d.list) >= 100 {
		return
	}
	if d.known == nil {
		d.known = map[string]bool{}
	}
	d.known[s] = true
	d.list = append(d.list, s)
}

// has reports whether a defect was noted, whatever its detail.
func (d *defects) has(code Defect) bool {
	for _, s := range d.list {
		if rest, ok := strings.CutPrefix(s, string(code)); ok && (rest == "" || rest[0] == ':') {
			return true
		}
	}
	return false
}
