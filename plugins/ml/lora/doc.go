// Package lora holds low-rank adapters (Hu et al. 2022): which layers of a network
// get one, how they begin, how they become part of the weights, and their files,
// in the form of diffusers and PEFT. A layer with an adapter computes
//
//	W x + (alpha / rank) up down x
//
// and W is not trained. It computes that in nn.Params.WithAdapters.
//
// The package refuses to know the network: it sees names and dimensions.
package lora
