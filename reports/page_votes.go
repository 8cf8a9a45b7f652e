package reports

import (
	"fmt"

	"github.com/plumb-ml/plumb/reports/page"
)

// imageVotes is what raters say of an image.
type imageVotes struct{ good, bad, skip int }

func (v imageVotes) verdict() string {
	switch {
	case v.good+v.bad == 0:
		return ""
	case v.good > v.bad:
		return page.Good
	case v.good < v.bad:
		return page.Bad
	}
	return page.Even
}

func (v imageVotes) caption() string {
	switch {
	case v.good+v.bad > 0:
		return fmt.Sprintf("%d/%d", v.good, v.good+v.bad)
	case v.skip > 0:
		return "skipped"
	}
	return "no label"
}

func (v imageVotes) words() string {
	verdict := v.verdict()
	if verdict == "" {
		verdict = "not judged"
	}
	said := fmt.Sprintf("%s: %d good, %d bad", verdict, v.good, v.bad)
	if v.skip > 0 {
		said += fmt.Sprintf(", %d skipped", v.skip)
	}
	return said
}
