package client

import (
	"iter"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// feedItems sends the instance's name and then the items, each noted in the
// ledger. An error among the items ends the call and is what it returns.
func feedItems[Q any](l *ledger, items iter.Seq2[Item, error], send func(*Q) error, start *Q, wrap func(*pb.Item) *Q) error {
	if err := send(start); err != nil {
		return err
	}
	for item, err := range items {
		if err != nil {
			return err
		}
		question, err := itemToProto(l.ask(Asked{What: "image", ID: item.ID, Prompt: item.Prompt.Text}), item)
		if err != nil {
			return err
		}
		if err := send(wrap(question)); err != nil {
			return err
		}
	}
	return nil
}
