package interop

import (
	"crypto/tls"
	"fmt"
	"log"
	"net"
)

// Listen opens a port in the clear and, if there is a certificate, one for TLS, and gives the line that says where.
func Listen(certificate, key string) (plain, secure net.Listener, pair tls.Certificate, line string) {
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	line = fmt.Sprintf("http://%s", plain.Addr())
	if certificate == "" {
		return plain, nil, pair, line
	}
	if pair, err = tls.LoadX509KeyPair(certificate, key); err != nil {
		log.Fatal(err)
	}
	if secure, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	return plain, secure, pair, line + fmt.Sprintf(" https://%s", secure.Addr())
}
