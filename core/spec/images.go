package spec

import (
	"path"

	"github.com/hashicorp/hcl/v2"

	"github.com/plumb-ml/plumb/core/hub"
	"github.com/plumb-ml/plumb/core/imagefolder"
)

// How images of a folder are brought to a size.
const (
	crop    = "crop"
	stretch = "stretch"
)

// largestSide bounds what images are resized to, in pixels.
const largestSide = 8192

var imagesForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "split", Type: "string", Default: []byte(`"all"`), OneOf: []string{seen, unseen, "all"}, Summary: "which prompts are drawn for, or which images of a folder are taken"},
		{Name: "per_prompt", Type: "integer", Default: []byte(`1`), Minimum: number(1), Maximum: number(1e6), Summary: "images per prompt"},
		{Name: "limit", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "how many of the prompts, or of a folder's images, are taken, drawn by the experiment's seed"},
		{Name: "path", Type: "string", Summary: "a folder with metadata.jsonl, .csv or .parquet, or Parquet with images and captions",
			Obtain: "Put a folder there with images and a metadata.jsonl of lines such as {\"file_name\": \"0001.jpg\", \"text\": \"a red circle\"}, or Parquet files with the columns image and text. Until then the plan counts as many images as limit says."},
		{Name: "files", Type: "string", Summary: "which Parquet or metadata files of the folder are read, such as \"data/train-*.parquet\""},
		{Name: "caption", Type: "string", Summary: "the column of captions; text, caption or prompt if it is not given"},
		{Name: "seed", Type: "integer", Minimum: number(0), Summary: "draws a folder's images, in place of the experiment's seed"},
		{Name: "width", Type: "integer", Minimum: number(1), Maximum: number(largestSide), Summary: "pixels that a folder's images are resized to; as they are if it is not given"},
		{Name: "height", Type: "integer", Minimum: number(1), Maximum: number(largestSide), Summary: "pixels; as wide if it is not given"},
		{Name: "resize", Type: "string", Default: []byte(`"crop"`), OneOf: []string{crop, stretch}, Summary: "crop keeps an image's shape and cuts out the middle, stretch does not"},
	}},
	values: []Value{
		{Name: "sampler", Takes: "sampler.NAME or finetune.NAME", Summary: "what draws them, in place of path"},
		{Name: "prompts", Takes: "prompts.all, prompts.NAME or a list of them", Summary: "what they are drawn for"},
	},
}

// imagesBlocks decodes sets of images, drawn by a model or found in a folder:
//
//	images "labelled" {
//	  sampler    = sampler.base # or a finetune
//	  prompts    = prompts.all  # or one, or a list
//	  split      = "seen"
//	  per_prompt = 6
//	}
//
//	images "coco" {
//	  path    = "coco/"   # with metadata.jsonl, or Parquet
//	  caption = "caption" # the column
//	  limit   = 5000
//	  width   = 512
//	}
func (l *loader) imagesBlocks() {
	each(l, "images", func(block *hcl.Block, images *Images) {
		arguments := l.decode(block.Body, imagesForm)
		sampler, prompts := arguments.others["sampler"], arguments.others["prompts"]
		if arguments.given("path") {
			l.folderOf(arguments, images)
			return
		}
		for _, name := range []string{"files", "caption", "seed", "width", "height", "resize"} {
			if arguments.given(name) {
				l.error(arguments.ranges[name], "Missing path", "%s describes a folder of images, and this block names none. Remove it, or name the folder: path = \"folder/\".", name)
			}
		}
		if sampler == nil {
			l.error(block.DefRange, "No images", "Say what draws the images (sampler = sampler.%s), or where they are (path = \"folder/\").", l.firstName("sampler"))
		} else if prompts == nil {
			l.error(block.DefRange, "Missing prompts", "Say what the images are drawn for: prompts = prompts.all.")
		}
		images.Sampler = l.oneOf(sampler, "sampler", "finetune").model()
		images.PerPrompt = arguments.integer("per_prompt")
		if prompts != nil {
			images.Prompts = l.promptsOf(prompts, arguments.text("split"), arguments.integer("limit"), "images "+images.Name)
		}
	})
}

// folderOf decodes images that lie in a folder, and looks what is there.
func (l *loader) folderOf(arguments arguments, images *Images) {
	at := arguments.ranges["path"]
	before := l.errors
	for _, name := range []string{"sampler", "prompts", "per_prompt"} {
		attribute := arguments.others[name]
		if attribute == nil && !arguments.given(name) {
			continue
		}
		where := arguments.ranges[name]
		if attribute != nil {
			where = attribute.Expr.Range()
		}
		l.error(where, "Path and "+name, "Images in files are there already. Remove %s, or the path.", name)
	}
	folder := &imagefolder.Folder{
		Files: arguments.text("files"), Caption: arguments.text("caption"), Limit: arguments.integer("limit"),
		Width: arguments.integer("width"), Height: arguments.integer("height"), Stretch: arguments.text("resize") == stretch,
	}
	images.Folder = folder
	if split := arguments.text("split"); split != "all" {
		folder.Split = split
	}
	if _, err := path.Match(folder.Files, ""); err != nil {
		l.error(arguments.ranges["files"], "Wrong value", "%q is not a pattern. Write it as in \"data/train-*.parquet\".", folder.Files)
	}
	if folder.Limit > 0 {
		folder.Seed = l.spec.Seed
		if arguments.given("seed") {
			folder.Seed = arguments.unsigned("seed")
		}
	} else if arguments.given("seed") {
		l.error(arguments.ranges["seed"], "Seed without a limit", "All images are taken, and nothing is drawn. Remove the seed, or add a limit.")
	}
	switch {
	case folder.Width == 0 && folder.Height > 0:
		l.error(arguments.ranges["height"], "Height without a width", "Say how wide the images should be, too: width = %d.", folder.Height)
	case folder.Width == 0 && arguments.given("resize"):
		l.error(arguments.ranges["resize"], "Resize without a size", "Say how wide the images should be: width = 512. Without it they stay as they are.")
	case folder.Height == 0:
		folder.Height = folder.Width
	}
	value := arguments.text("path")
	if arguments.bad["path"] {
		return
	}
	if value == "" {
		l.error(at, "Empty path", "path names a folder or a Parquet file, relative to the directory of %s.", l.path)
		return
	}
	if hub.Is(value) {
		l.error(at, "Not a model", "path names a folder of images, and %s a model on Hugging Face's hub. Fetch a data set with `hf download OWNER/NAME --repo-type dataset --local-dir DIRECTORY`, and name the directory.", value)
		return
	}
	folder.Path = l.beside(value)
	if l.errors == before {
		images.Inventory = l.folder(*folder, value, at)
	} else if _, err := l.digest(folder.Path); err != nil {
		l.folder(imagefolder.Folder{Path: folder.Path}, value, at) // that it is not there is worth knowing too
	}
}
