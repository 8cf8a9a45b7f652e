package clipmodel

// LargeText is the text tower of CLIP ViT-L/14 (Radford et al. 2021), which is
// also Stable Diffusion v1's text encoder: 123.1 million weights.
func LargeText() Text {
	return Text{Tower: Tower{768, 3072, 12, 12, "quick_gelu", 1e-5}, Vocabulary: 49408, Positions: 77, End: 49407, Projection: 768}
}

// Large is CLIP ViT-L/14: 427.6 million weights.
func Large() Config {
	vision := Vision{Tower: Tower{1024, 4096, 24, 16, "quick_gelu", 1e-5}, Channels: 3, ImageSize: 224, PatchSize: 14}
	return Config{Text: LargeText(), Vision: &vision, Projection: 768}
}
