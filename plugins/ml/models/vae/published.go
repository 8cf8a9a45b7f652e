package vae

// StableDiffusion1 is the autoencoder of Stable Diffusion v1, as in the
// vae/config.json of all its versions: 83.7 million weights.
func StableDiffusion1() Config {
	return Config{
		InChannels: 3, OutChannels: 3, LatentChannels: 4,
		Channels:       []int{128, 256, 512, 512},
		DownBlocks:     []string{downBlock, downBlock, downBlock, downBlock},
		UpBlocks:       []string{upBlock, upBlock, upBlock, upBlock},
		LayersPerBlock: 2,
		NormGroups:     32,
		ScalingFactor:  0.18215,
	}
}
