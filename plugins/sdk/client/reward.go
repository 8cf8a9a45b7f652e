package client

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/plumb-ml/plumb/plugins/sdk"
	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// Score scores items and hands every score to emit, in any order, with the parts that
// the OpenRequest lists. Items are
// taken on another goroutine than emit's; both have ended when Score returns.
func (i *Instance) Score(ctx context.Context, items iter.Seq2[Item, error], emit func(position int, score sdk.Score) error) error {
	asked := &ledger{}
	err := exchange(ctx, i.client,
		pb.NewRewardClient(i.client.connection).Score,
		func(send sender[pb.ScoreRequest]) error {
			start := &pb.ScoreRequest{Body: &pb.ScoreRequest_Instance{Instance: i.id}}
			return feedItems(i, asked, items, send, start, func(item *pb.Item) *pb.ScoreRequest {
				return &pb.ScoreRequest{Body: &pb.ScoreRequest_Item{Item: item}}
			})
		},
		(*pb.ScoreResponse).GetSignal,
		func(answer *pb.ScoreResponse) error {
			given := answer.GetScore()
			if given == nil {
				return nothing()
			}
			position, about, err := asked.answer(given.GetPosition())
			if err != nil {
				return err
			}
			if !finite(given.GetScore()) {
				return &NotFinite{Asked: about, What: "score", Value: given.GetScore()}
			}
			if err := checkParts(i.described.Parts, given.GetParts(), about); err != nil {
				return err
			}
			return emit(position, sdk.Score{Score: given.GetScore(), Parts: given.GetParts()})
		})
	if err == nil {
		err = asked.settle()
	}
	return i.explain(ctx, "Score", err)
}

// checkParts: a score has the parts that its reward lists, no others, and each is a
// number.
func checkParts(listed []string, parts map[string]float64, about Asked) error {
	for _, name := range listed {
		value, there := parts[name]
		if !there {
			return violation("gives %s no part %q, which its description lists", about, name)
		}
		if !finite(value) {
			return &NotFinite{Asked: about, What: "part " + strconv.Quote(name) + " of the score", Value: value}
		}
	}
	if len(parts) > len(listed) {
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			if !slices.Contains(listed, name) {
				return violation("gives %s a part %q, which its description does not list", about, name)
			}
		}
	}
	return nil
}
