// A grpc-go server of InteropService: prints its addresses on one line and runs until it is ended.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"interop"
	"interop/gen/interopv1"
)

type (
	request  = interopv1.CallRequest
	response = interopv1.CallResponse
)

func begin(ctx context.Context, req *request) *response {
	received, _ := metadata.FromIncomingContext(ctx)
	return interop.Response(ctx, req, interop.PickMetadata(received, req.GetObserve()))
}

func trailers(req *request) metadata.MD {
	return interop.ToMetadata(req.GetFailure().GetMetadata(), req.GetTrailers())
}

// finish gives the failure that is asked for, or nil.
func finish(ctx context.Context, req *request, message *response) error {
	if err := interop.Sleep(ctx, req); err != nil {
		return status.FromContextError(err).Err()
	}
	failure := req.GetFailure()
	if failure == nil {
		return nil
	}
	var details []protoadapt.MessageV1
	for _, note := range failure.GetDetails() {
		details = append(details, protoadapt.MessageV1Of(note))
	}
	failed, err := status.New(codes.Code(failure.GetCode()), failure.GetMessage()).WithDetails(append(details, protoadapt.MessageV1Of(message))...)
	if err != nil {
		return err
	}
	return failed.Err()
}

func exchange(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	req := &request{}
	if err := decode(req); err != nil {
		return nil, err
	}
	message := begin(ctx, req)
	if headers := interop.ToMetadata(req.GetHeaders()); len(headers) > 0 {
		if err := grpc.SetHeader(ctx, headers); err != nil {
			return nil, err
		}
	}
	if err := grpc.SetTrailer(ctx, trailers(req)); err != nil {
		return nil, err
	}
	return message, finish(ctx, req, message)
}

func download(_ any, stream grpc.ServerStream) error {
	req := &request{}
	if err := stream.RecvMsg(req); err != nil {
		return err
	}
	message := begin(stream.Context(), req)
	if err := stream.SendHeader(interop.ToMetadata(req.GetHeaders())); err != nil {
		return err
	}
	stream.SetTrailer(trailers(req))
	for _, text := range req.GetTexts() {
		if err := stream.SendMsg(interop.With(message, text)); err != nil {
			return err
		}
	}
	return finish(stream.Context(), req, message)
}

func converse(_ any, stream grpc.ServerStream) error {
	received, _ := metadata.FromIncomingContext(stream.Context())
	encoded := received.Get(interop.Opening)
	opening := &request{}
	if len(encoded) != 1 || proto.Unmarshal([]byte(encoded[0]), opening) != nil {
		return status.Error(codes.InvalidArgument, interop.Opening+" has no CallRequest")
	}
	message := begin(stream.Context(), opening)
	if err := stream.SendHeader(interop.ToMetadata(opening.GetHeaders())); err != nil {
		return err
	}
	stream.SetTrailer(trailers(opening))
	for {
		req := &request{}
		err := stream.RecvMsg(req)
		if errors.Is(err, io.EOF) {
			return finish(stream.Context(), opening, message)
		}
		if err != nil {
			return err
		}
		if err := stream.SendMsg(interop.With(message, req.GetText())); err != nil {
			return err
		}
	}
}

func main() {
	certificate := flag.String("cert", "", "PEM file; with --key also serves TLS")
	key := flag.String("key", "", "PEM file")
	flag.Parse()

	description := grpc.ServiceDesc{
		ServiceName: "interop.v1.InteropService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Exchange", Handler: exchange}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Download", Handler: download, ServerStreams: true},
			{StreamName: "Converse", Handler: converse, ServerStreams: true, ClientStreams: true},
		},
	}
	plain, secure, pair, line := interop.Listen(*certificate, *key)
	if secure != nil {
		server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}})))
		server.RegisterService(&description, nil)
		go func() { log.Fatal(server.Serve(secure)) }()
	}
	server := grpc.NewServer()
	server.RegisterService(&description, nil)
	fmt.Println(line)
	log.Fatal(server.Serve(plain))
}
