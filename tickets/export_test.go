package tickets

// How subjects are made, for tests.
var (
	Heading = heading
	Excerpt = excerpt
)
