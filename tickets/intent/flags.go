package intent

// flagWords say which concept raises which flag, in the order of report.
var flagWords = []struct {
	word concept
	flag Flag
}{
	{cRegulator, Regulator},
	{cLegal, Legal},
	{cMinor, Minor},
	{cVulnerable, Vulnerable},
	{cHuman, HumanRequested},
}

// flagsOf raises a flag for each mention in the customer's own words. A flag
// needs no grammar: "我不会去12315" still deserves a second look, and a flag
// costs the customer nothing.
func flagsOf(r *reading) []Flag {
	var flags []Flag
	for _, f := range flagWords {
		if r.topics.has(f.word) {
			flags = append(flags, f.flag)
		}
	}
	return flags
}
