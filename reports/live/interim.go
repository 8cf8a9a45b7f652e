package live

import (
	"io"

	"github.com/plumb-ml/plumb/reports/figure"
)

func interim(w io.Writer, f figure.Figure, _ string) error {
	return f.Lay(figure.Layout{Width: 360}).WriteSVG(w, f.Title, f.Caption)
}
