"""The agent's promises, kept against real servers: etcd, kube-apiserver, its controllers, and kwok as the kubelet."""
