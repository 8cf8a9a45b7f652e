package spec

import "github.com/hashicorp/hcl/v2"

var imagesForm = form{
	schema: Schema{Attributes: []Attribute{
		{Name: "split", Type: "string", Default: []byte(`"all"`), OneOf: []string{seen, unseen, "all"}, Summary: "which prompts are drawn for"},
		{Name: "per_prompt", Type: "integer", Default: []byte(`1`), Minimum: number(1), Maximum: number(1e6), Summary: "images per prompt"},
		{Name: "limit", Type: "integer", Minimum: number(1), Maximum: number(1e9), Summary: "how many of the prompts are taken, drawn by the experiment's seed"},
		{Name: "path", Type: "string", Path: true, Summary: "an imagefolder or Parquet file with captions",
			Obtain: "Put a folder there with images and a metadata.jsonl of lines such as {\"file_name\": \"0001.jpg\", \"text\": \"a red circle\"}, or Parquet files with the columns image and text."},
	}},
	values: []hcl.AttributeSchema{{Name: "sampler"}, {Name: "prompts"}},
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
//	  path = "coco/"
//	}
func (l *loader) imagesBlocks() {
	each(l, "images", func(block *hcl.Block, images *Images) {
		arguments := l.decode(block.Body, imagesForm)
		if arguments.given("path") {
			images.Path = arguments.text("path")
			for _, name := range []string{"sampler", "prompts", "split", "per_prompt", "limit"} {
				attribute := arguments.others[name]
				if attribute != nil || arguments.given(name) {
					at := arguments.ranges[name]
					if attribute != nil {
						at = attribute.Expr.Range()
					}
					l.error(at, "Path and "+name, "Images in files are taken as they are. Remove %s, or the path.", name)
				}
			}
			return
		}
		sampler, prompts := arguments.others["sampler"], arguments.others["prompts"]
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
