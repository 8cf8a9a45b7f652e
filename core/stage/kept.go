package stage

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/sealed"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

const (
	// keepEvery is how much time's answers a kill of this process may cost. When a
	// plugin dies, what it has answered is kept at once.
	keepEvery = 5 * time.Second
	// keepRows bounds how many rows wait in memory to be kept.
	keepRows = 1 << 12
)

// writeKept writes the table of a role: answers about the stage's items, in the order
// of the items, whatever order they come in. Answers are kept as they come: ask is to
// ask about all items but the first skip ones, whose answers a killed try had kept, and
// hands on the rows of each with its position among those that it asks about. A unit is
// what items are called, and see is told of every row of the table; nil: nobody is.
func writeKept[Row any](job Job, role, unit string, see func(Row), ask func(skip int, add func(position int, rows ...Row) error) error) (rows int, err error) {
	return writeRows(job.tablePath(role), func(write func(rows ...Row) error) error {
		add := func(rows ...Row) error {
			if see != nil {
				for _, row := range rows {
					see(row)
				}
			}
			return write(rows...)
		}
		kept, err := takeUp(job, role, unit, add)
		if err != nil {
			return err
		}
		answers := inOrder[Row]{write: func(rows ...Row) error { return errors.Join(add(rows...), kept.add(rows...)) }}
		err = ask(kept.items, answers.add)
		if keeping := kept.seal(); keeping != nil {
			err = errors.Join(err, keeping)
		}
		return err
	})
}

// kept is the answers about items in the stage's scratch directory, in sealed parts:
// tables of the rows of the items [start, end), called ROLE.START-END.parquet.
//
// A part ends with a batch of the component, counted from the first item. A call that
// begins there meets the same batches as one that began at the first item, so that its
// answers have the same bits.
type kept[Row any] struct {
	job   Job
	role  string
	unit  string // what items are: "images"
	batch int
	items int       // whose answers are sealed or wait, from the first on
	start int       // of the part that is being gathered
	rows  []Row     // of the items [start, items)
	whole int       // items up to which batches are whole
	ready int       // rows of the items [start, whole)
	since time.Time // when the latest part was sealed
}

// takeUp hands on the rows that were kept, in order, and goes on keeping.
func takeUp[Row any](job Job, role, unit string, add func(rows ...Row) error) (*kept[Row], error) {
	k := &kept[Row]{job: job, role: role, unit: unit, batch: cmp.Or(job.Node.Instance.Identity.PreferredBatch, sdk.DefaultBatch), since: time.Now()}
	for {
		part, end, err := k.find(k.items)
		if err != nil {
			return nil, err
		}
		if part == "" {
			k.start, k.whole = k.items, k.items
			return k, nil
		}
		for row, err := range table.Read[Row](part) {
			if err == nil {
				err = add(row)
			}
			if err != nil {
				return nil, fmt.Errorf("take up kept answers: %w", err)
			}
		}
		k.items = end
	}
}

// find returns the longest intact part that begins with an item, and the item after
// its last one; an empty name if there is none.
func (k *kept[Row]) find(start int) (part string, end int, err error) {
	prefix := fmt.Sprintf("%s.%d-", k.role, start)
	names, err := filepath.Glob(filepath.Join(k.job.Scratch, prefix+"*.parquet.*"))
	if err != nil {
		return "", 0, err
	}
	var ends []int
	for _, name := range names {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), prefix), ".")
		if end, err := strconv.Atoi(number); err == nil && end > start && !slices.Contains(ends, end) {
			ends = append(ends, end)
		}
	}
	slices.Sort(ends)
	for _, end := range slices.Backward(ends) {
		part, err := k.job.taken(k.path(start, end), fmt.Sprintf("Answers about the %s %d to %d, which were kept, are", k.unit, start+1, end))
		if part != "" || err != nil {
			return part, end, err
		}
	}
	return "", 0, nil
}

func (k *kept[Row]) path(start, end int) string {
	return filepath.Join(k.job.Scratch, fmt.Sprintf("%s.%d-%d.parquet", k.role, start, end))
}

// add keeps the rows of the next item, sooner or later.
func (k *kept[Row]) add(rows ...Row) error {
	k.rows = append(k.rows, rows...)
	k.items++
	if k.items%k.batch != 0 {
		return nil
	}
	k.whole, k.ready = k.items, len(k.rows)
	if time.Since(k.since) < keepEvery && k.ready < keepRows {
		return nil
	}
	return k.seal()
}

// seal keeps what there is of whole batches, now.
func (k *kept[Row]) seal() error {
	if k.ready == 0 {
		return nil
	}
	path := k.path(k.start, k.whole)
	if err := table.WriteAll(path, k.rows[:k.ready]); err != nil {
		return fmt.Errorf("keep answers: %w", err)
	}
	if err := sealed.Seal(path); err != nil {
		return fmt.Errorf("keep answers: %w", err)
	}
	k.rows = slices.Delete(k.rows, 0, k.ready)
	k.start, k.ready, k.since = k.whole, 0, time.Now()
	return nil
}
