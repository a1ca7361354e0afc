storage "raft" {
  path    = "/vault/file"
  node_id = "compose"
}

listener "tcp" {
  address       = "0.0.0.0:8200"
  tls_cert_file = "/tls/cert.pem"
  tls_key_file  = "/tls/key.pem"
}

api_addr     = "https://vault:8200"
cluster_addr = "https://vault:8201"

# Memory is not locked, so that no capability is needed.
disable_mlock = true
