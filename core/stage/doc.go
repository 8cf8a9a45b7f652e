// Package stage does the work of one stage: it streams tables through a
// plugin's instance and checks what comes back. One file per kind of stage.
//
// Memory holds the names of images and never all their pixels: rows are read,
// sent, answered and written one after another. That every answer is there once
// and is made of finite numbers is checked where it arrives, in package client;
// this package checks what only the whole table tells: one score for all
// images, a loss that is no number, an empty table or checkpoint. Each ends the
// stage with a diagnostic that names the place and the way out.
//
// Of the plan it reads its own node: the work, the instance, the seed, and the
// names of the stages behind its inputs, for messages. It computes no keys,
// looks into no cache and runs no other stage. It reads the inputs it is given
// and writes into the directory of work it is given; whether that becomes part
// of the store is the caller's business.
package stage
