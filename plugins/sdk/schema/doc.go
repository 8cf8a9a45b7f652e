// Package schema describes components as data: what the HCL block of one may
// say, what its instances can do, and what its losses need.
//
// A plugin's author writes these values (under the names that package sdk gives
// them), the wire carries them, and the language checks experiments against
// them: there is no second form of any of it. A Component crosses the wire as
// JSON, which ParseComponent reads back strictly.
//
// The package imports the standard library alone, so that the language can use
// it without gRPC behind it. It knows no component's configuration and evaluates no HCL.
package schema
