//go:build tools

// Package tools keeps the programs that are built as they are in go.mod.
package tools

import (
	_ "github.com/rancher/local-path-provisioner"
	_ "go.etcd.io/etcd/server/v3"
	_ "github.com/kubernetes-sigs/cri-tools/cmd/crictl"
	_ "sigs.k8s.io/kind"
)
