// A connect-go server of InteropService: prints its addresses on one line and runs until it is ended.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"interop"
	"interop/gen/interopv1"
)

type (
	request  = interopv1.CallRequest
	response = interopv1.CallResponse
)

// finish gives the failure that is asked for, or nil.
func finish(ctx context.Context, req *request, message *response) error {
	if err := interop.Sleep(ctx, req); err != nil {
		return err
	}
	failure := req.GetFailure()
	if failure == nil {
		return nil
	}
	failed := connect.NewError(connect.Code(failure.GetCode()), errors.New(failure.GetMessage()))
	interop.Add(failed.Meta(), failure.GetMetadata())
	for _, note := range failure.GetDetails() {
		detail, err := connect.NewErrorDetail(note)
		if err != nil {
			return err
		}
		failed.AddDetail(detail)
	}
	detail, err := connect.NewErrorDetail(message)
	if err != nil {
		return err
	}
	failed.AddDetail(detail)
	return failed
}

func exchange(ctx context.Context, req *connect.Request[request]) (*connect.Response[response], error) {
	message := interop.Response(ctx, req.Msg, interop.Pick(req.Header(), req.Msg.GetObserve()))
	if err := finish(ctx, req.Msg, message); err != nil {
		return nil, err
	}
	answer := connect.NewResponse(message)
	interop.Add(answer.Header(), req.Msg.GetHeaders())
	interop.Add(answer.Trailer(), req.Msg.GetTrailers())
	return answer, nil
}

func download(ctx context.Context, req *connect.Request[request], stream *connect.ServerStream[response]) error {
	message := interop.Response(ctx, req.Msg, interop.Pick(req.Header(), req.Msg.GetObserve()))
	interop.Add(stream.ResponseHeader(), req.Msg.GetHeaders())
	interop.Add(stream.ResponseTrailer(), req.Msg.GetTrailers())
	// Sends the headers.
	if err := stream.Send(nil); err != nil {
		return err
	}
	for _, text := range req.Msg.GetTexts() {
		if err := stream.Send(interop.With(message, text)); err != nil {
			return err
		}
	}
	return finish(ctx, req.Msg, message)
}

func converse(ctx context.Context, stream *connect.BidiStream[request, response]) error {
	encoded, err := connect.DecodeBinaryHeader(stream.RequestHeader().Get(interop.Opening))
	if err != nil {
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
	opening := &request{}
	if err := proto.Unmarshal(encoded, opening); err != nil {
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
	message := interop.Response(ctx, opening, interop.Pick(stream.RequestHeader(), opening.GetObserve()))
	interop.Add(stream.ResponseHeader(), opening.GetHeaders())
	interop.Add(stream.ResponseTrailer(), opening.GetTrailers())
	if err := stream.Send(nil); err != nil {
		return err
	}
	for {
		req, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := stream.Send(interop.With(message, req.GetText())); err != nil {
			return err
		}
	}
	return finish(ctx, opening, message)
}

func main() {
	certificate := flag.String("cert", "", "PEM file; with --key also serves TLS")
	key := flag.String("key", "", "PEM file")
	flag.Parse()

	const service = "/interop.v1.InteropService/"
	mux := http.NewServeMux()
	mux.Handle(service+"Exchange", connect.NewUnaryHandler(service+"Exchange", exchange, connect.WithIdempotency(connect.IdempotencyNoSideEffects)))
	mux.Handle(service+"Download", connect.NewServerStreamHandler(service+"Download", download))
	mux.Handle(service+"Converse", connect.NewBidiStreamHandler(service+"Converse", converse))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: mux, Protocols: protocols}

	plain, secure, pair, line := interop.Listen(*certificate, *key)
	if secure != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
		go func() { log.Fatal(server.ServeTLS(secure, "", "")) }()
	}
	fmt.Println(line)
	log.Fatal(server.Serve(plain))
}
