// A connect-go server of InteropService: prints its addresses on one line and runs until it is ended.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"connectrpc.com/connect"

	"interop"
	"interop/gen/interopv1"
)

func call(_ context.Context, req *connect.Request[interopv1.CallRequest]) (*connect.Response[interopv1.CallResponse], error) {
	observed, err := interop.Pick(req.Header(), req.Msg.GetObserve())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	message := &interopv1.CallResponse{Text: req.Msg.GetText(), Observed: observed}
	if failure := req.Msg.GetFailure(); failure != nil {
		failed := connect.NewError(connect.Code(failure.GetCode()), errors.New(failure.GetMessage()))
		interop.Add(failed.Meta(), failure.GetMetadata())
		for _, note := range failure.GetDetails() {
			detail, err := connect.NewErrorDetail(note)
			if err != nil {
				return nil, err
			}
			failed.AddDetail(detail)
		}
		detail, err := connect.NewErrorDetail(message)
		if err != nil {
			return nil, err
		}
		failed.AddDetail(detail)
		return nil, failed
	}
	response := connect.NewResponse(message)
	interop.Add(response.Header(), req.Msg.GetHeaders())
	interop.Add(response.Trailer(), req.Msg.GetTrailers())
	return response, nil
}

func main() {
	certificate := flag.String("cert", "", "PEM file; with --key also serves TLS")
	key := flag.String("key", "", "PEM file")
	flag.Parse()

	const procedure = "/interop.v1.InteropService/Exchange"
	mux := http.NewServeMux()
	mux.Handle(procedure, connect.NewUnaryHandler(procedure, call, connect.WithIdempotency(connect.IdempotencyNoSideEffects)))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: mux, Protocols: protocols}

	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	line := fmt.Sprintf("http://%s", plain.Addr())
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
		secure, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		line += fmt.Sprintf(" https://%s", secure.Addr())
		go func() { log.Fatal(server.ServeTLS(secure, "", "")) }()
	}
	fmt.Println(line)
	log.Fatal(server.Serve(plain))
}
