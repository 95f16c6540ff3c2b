//go:build tools

// Package tools keeps dockerd, which is built as it is, in go.mod.
package tools

import _ "github.com/moby/moby/v2/cmd/dockerd"
