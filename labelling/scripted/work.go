package scripted

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/plumb-ml/plumb/core/people"
)

// Judge says what a rater answers to a task, in words of what is shown: good, bad or
// skip; left, right, tie or skip; or the places of the images from best to worst, from 1,
// as "2,1,3". images are the task's, from left to right, as files.
type Judge func(ctx context.Context, screen Screen, images [][]byte) (people.Answers, error)

// ahead is how many screens a rater asks for, as the page does.
const ahead = 4

// Work answers all that is open to the rater, and waits for what others hold and may
// leave. It returns how many answers were stored.
func (r *Rater) Work(ctx context.Context, judge Judge) (stored int, err error) {
	for moots := 0; ; {
		screens, standing, err := r.Next(ctx, ahead)
		if err != nil {
			return stored, err
		}
		if len(screens) == 0 {
			if standing.Open == 0 && !standing.Held {
				return stored, nil
			}
			select {
			case <-time.After(time.Second):
				continue
			case <-ctx.Done():
				return stored, ctx.Err()
			}
		}
		for _, screen := range screens {
			for _, task := range screen.Tasks {
				if task.Said != nil {
					continue
				}
				switch err := r.do(ctx, screen, task, judge); {
				case err == nil:
					stored++
					moots = 0
				case !moot(err) || moots == mostMoot:
					return stored, err
				default:
					moots++
				}
			}
		}
	}
}

// mostMoot bounds how many tasks in a row can be nobody's business any more.
const mostMoot = 100

// do answers one task.
func (r *Rater) do(ctx context.Context, screen Screen, task Task, judge Judge) error {
	var images [][]byte
	for _, address := range task.Images {
		image, err := r.Image(ctx, address)
		if err != nil {
			return err
		}
		images = append(images, image)
	}
	start := time.Now()
	answers, err := judge(ctx, screen, images)
	if err != nil {
		return err
	}
	return r.Answer(ctx, NewID(), task.ID, answers, time.Since(start))
}

// moot reports whether a refusal means that the task is nobody's business any more, as it
// was answered or is not asked any more, or that the server was started anew and has
// forgotten that it showed an image: the next screens are others, or show it again.
func moot(err error) bool {
	var refused *Refused
	if !errors.As(err, &refused) {
		return false
	}
	return refused.Status == http.StatusConflict || refused.Status == http.StatusGone || refused.Reason == "image"
}
