package database

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Report takes an image out of what people are asked, as unsafe, and says who said so
// and why.
func (d *Database) Report(ctx context.Context, rater, image, reason string) error {
	return d.report(ctx, rater, image, reason, false)
}

// Unreport lets people be asked about an image again. It is ErrUnknown where the image
// is not reported.
func (d *Database) Unreport(ctx context.Context, image string) error {
	return d.report(ctx, "", image, "", true)
}

func (d *Database) report(ctx context.Context, rater, image, reason string, cleared bool) error {
	now := time.Now().UnixMilli()
	return d.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if cleared {
			var reported bool
			if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM ("+standing+") WHERE image = ?)", image).Scan(&reported); err != nil {
				return err
			}
			if !reported {
				return fmt.Errorf("%w: a report of image %q", ErrUnknown, image)
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO reports (image, rater, reason, cleared, time) VALUES (?, ?, ?, ?, ?)", image, rater, reason, cleared, now)
		return err
	})
}

// standing are the last reports of images, where they are not lifted.
const standing = "SELECT image, rater, reason, time FROM reports AS r WHERE cleared = 0 AND NOT EXISTS (SELECT 1 FROM reports WHERE image = r.image AND number > r.number) ORDER BY number"

// Report is an image that somebody reported as unsafe.
type Report struct {
	Image  string
	Rater  string // "": somebody who was forgotten
	Reason string
	Time   time.Time // UTC
}

// Reports are those that stand, the last of each image, in the order in which they came.
func (d *Database) Reports(ctx context.Context) (all []Report, err error) {
	rows, err := d.reads.QueryContext(ctx, standing)
	if err != nil {
		return nil, d.explained(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r Report
		var when int64
		if err := rows.Scan(&r.Image, &r.Rater, &r.Reason, &when); err != nil {
			return nil, d.explained(err)
		}
		r.Time = time.UnixMilli(when).UTC()
		all = append(all, r)
	}
	if err := rows.Err(); err != nil {
		return nil, d.explained(err)
	}
	return all, nil
}

// Reported are the images that are reported.
func (d *Database) Reported(ctx context.Context) (map[string]bool, error) {
	reports, err := d.Reports(ctx)
	if err != nil {
		return nil, err
	}
	images := map[string]bool{}
	for _, r := range reports {
		images[r.Image] = true
	}
	return images, nil
}
