package plan

import (
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/core/spec"
)

// images plans a set of images, drawn or brought along.
func (b *builder) images(images *spec.Images) *Node {
	return b.once(images, func() *Node {
		if images.Folder != nil {
			work := &ImportWork{Folder: *images.Folder, Digest: images.Inventory.Digest, Images: images.Count()}
			return b.add(named{"import/" + images.Name, record.Stage{Subject: images.Name}}, work, nil, 0, images.Range)
		}
		return b.sample(named{"sample/" + images.Name, record.Stage{Subject: images.Name}}, "images/"+images.Name, images.Sampler, images.Prompts, images.PerPrompt, images.Range)
	})
}

// imageSet is a table of images, with what stages about it go by.
type imageSet struct {
	name  string // such as "labelled" or "main/base"
	about record.Stage
	node  *Node // makes it
	count int   // of images
}

func (b *builder) imageSet(images *spec.Images) imageSet {
	return imageSet{images.Name, record.Stage{Subject: images.Name}, b.images(images), images.Count()}
}

// as names a stage that a reward or an encoder does about the images.
func (s imageSet) as(kind record.Kind, component *spec.Component) named {
	about := s.about
	about.Reward = ""
	if component.Kind == "reward" {
		about.Reward = component.Name
	}
	return named{string(kind) + "/" + s.name + "/" + component.Name, about}
}
