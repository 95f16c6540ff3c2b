//go:build tools

// Package tools keeps crictl in go.mod. It is a module of its own because the only release that
// can be had as a module and still speaks to this containerd wants newer libraries than the
// cluster's Kubernetes has.
package tools

import _ "sigs.k8s.io/cri-tools/cmd/crictl"
