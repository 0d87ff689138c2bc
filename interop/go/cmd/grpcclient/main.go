// A grpc-go client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"interop"
	"interop/gen/interopv1"
)

type (
	request  = interopv1.CallRequest
	response = interopv1.CallResponse
)

const service = "/interop.v1.InteropService/"

type client struct {
	connection *grpc.ClientConn
	options    []grpc.CallOption
}

func main() {
	url := flag.String("url", "", "http(s)://host:port")
	compressed := flag.Bool("gzip", false, "compress requests")
	authority := flag.String("ca", "", "PEM file to trust")
	scenarios := flag.String("scenarios", "", "file with Scenarios as JSON")
	flag.Parse()

	security := insecure.NewCredentials()
	if strings.HasPrefix(*url, "https://") {
		var err error
		if security, err = credentials.NewClientTLSFromFile(*authority, ""); err != nil {
			log.Fatal(err)
		}
	}
	_, target, _ := strings.Cut(*url, "//")
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(security))
	if err != nil {
		log.Fatal(err)
	}
	c := client{connection: connection}
	if *compressed {
		c.options = append(c.options, grpc.UseCompressor(gzip.Name))
	}
	interop.RunAll(*scenarios, c.run)
}

func (c *client) run(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) error {
	sent := interop.ToMetadata(scenario.GetHeaders())
	if scenario.GetMethod() == interopv1.Scenario_CONVERSE {
		opening, err := proto.Marshal(scenario.GetRequest())
		if err != nil {
			return err
		}
		sent.Set(interop.Opening, string(opening))
	}
	ctx = metadata.NewOutgoingContext(ctx, sent)
	var headers, trailers metadata.MD
	var err error
	switch scenario.GetMethod() {
	case interopv1.Scenario_DOWNLOAD:
		headers, trailers, err = c.download(ctx, scenario, outcome)
	case interopv1.Scenario_CONVERSE:
		headers, trailers, err = c.converse(ctx, scenario, outcome)
	default:
		outcome.Response = &response{}
		err = c.connection.Invoke(ctx, service+"Exchange", scenario.GetRequest(), outcome.Response,
			append(c.options, grpc.Header(&headers), grpc.Trailer(&trailers))...)
	}
	names := interop.ReplyNames(scenario.GetRequest())
	outcome.Headers = interop.PickMetadata(headers, names)
	outcome.Trailers = interop.PickMetadata(trailers, names)
	if err == nil {
		return nil
	}
	failed := status.Convert(err)
	outcome.Code = int32(failed.Code())
	outcome.Message = failed.Message()
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *interopv1.Note:
			outcome.Details = append(outcome.Details, detail)
		case *interopv1.CallResponse:
			outcome.Response = detail
		}
	}
	return nil
}

func (c *client) download(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) (metadata.MD, metadata.MD, error) {
	stream, err := c.connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"Download", c.options...)
	if err != nil {
		return nil, nil, err
	}
	// What goes wrong is told by RecvMsg.
	_ = stream.SendMsg(scenario.GetRequest())
	_ = stream.CloseSend()
	headers, _ := stream.Header()
	err = receiveAll(stream, outcome)
	return headers, stream.Trailer(), err
}

func (c *client) converse(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) (metadata.MD, metadata.MD, error) {
	stream, err := c.connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, service+"Converse", c.options...)
	if err != nil {
		return nil, nil, err
	}
	if scenario.GetWaitsForHeaders() {
		_, _ = stream.Header()
	}
	for _, text := range scenario.GetRequest().GetTexts() {
		_ = stream.SendMsg(&request{Text: text})
		message := &response{}
		if err := stream.RecvMsg(message); err != nil {
			headers, _ := stream.Header()
			return headers, stream.Trailer(), err
		}
		interop.AddMessage(outcome, message)
	}
	_ = stream.CloseSend()
	err = receiveAll(stream, outcome)
	headers, _ := stream.Header()
	return headers, stream.Trailer(), err
}

func receiveAll(stream grpc.ClientStream, outcome *interopv1.Outcome) error {
	for {
		message := &response{}
		err := stream.RecvMsg(message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		interop.AddMessage(outcome, message)
	}
}
