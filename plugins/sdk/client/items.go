package client

import (
	"iter"

	pb "github.com/plumb-ml/plumb/plugins/sdk/proto/plumb/plugin/v1"
)

// feedItems sends the instance's name and then the items, each noted in the
// ledger. An error among the items ends the call and is what it returns.
func feedItems[Q any](i *Instance, l *ledger, items iter.Seq2[Item, error], send sender[Q], start *Q, wrap func(*pb.Item) *Q) error {
	if err := send(start, nil); err != nil {
		return err
	}
	for one, err := range ahead(items, i.readAhead(), i.itemToProto) {
		if err != nil {
			return err
		}
		one.item.Position = uint64(l.ask(Asked{What: "image", ID: one.item.Id, Prompt: one.item.GetPrompt().GetText()}))
		if err := send(wrap(one.item), one.lent); err != nil {
			return err
		}
	}
	return nil
}
