// A connect-go client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"interop"
	"interop/gen/interopv1"
)

func main() {
	url := flag.String("url", "", "http(s)://host:port")
	protocol := flag.String("protocol", "connect", "connect, grpc or grpc-web")
	codec := flag.String("codec", "proto", "proto or json")
	version := flag.Int("http", 2, "1 or 2")
	get := flag.Bool("get", false, "Connect: use GET")
	gzip := flag.Bool("gzip", false, "compress requests")
	authority := flag.String("ca", "", "PEM file to trust")
	scenarios := flag.String("scenarios", "", "file with Scenarios as JSON")
	flag.Parse()

	var options []connect.ClientOption
	switch *protocol {
	case "grpc":
		options = append(options, connect.WithGRPC())
	case "grpc-web":
		options = append(options, connect.WithGRPCWeb())
	}
	if *codec == "json" {
		options = append(options, connect.WithProtoJSON())
	}
	if *get {
		options = append(options, connect.WithHTTPGet(), connect.WithHTTPGetMaxURLSize(8192, true),
			connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	if *gzip {
		options = append(options, connect.WithSendGzip())
	}

	protocols := new(http.Protocols)
	protocols.SetHTTP1(*version == 1)
	protocols.SetHTTP2(*version == 2)
	protocols.SetUnencryptedHTTP2(*version == 2)
	transport := &http.Transport{Protocols: protocols}
	if *authority != "" {
		pem, err := os.ReadFile(*authority)
		if err != nil {
			log.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	httpClient := &http.Client{Transport: transport}
	newClient := func(method string) *connect.Client[request, response] {
		return connect.NewClient[request, response](httpClient, *url+"/interop.v1.InteropService/"+method, options...)
	}
	all := clients{exchange: newClient("Exchange"), download: newClient("Download"), converse: newClient("Converse")}
	interop.RunAll(*scenarios, all.run)
}

type (
	request  = interopv1.CallRequest
	response = interopv1.CallResponse
)

type clients struct {
	exchange, download, converse *connect.Client[request, response]
}

func (c *clients) run(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) error {
	var headers, trailers http.Header
	var err error
	switch scenario.GetMethod() {
	case interopv1.Scenario_DOWNLOAD:
		headers, trailers, err = c.runDownload(ctx, scenario, outcome)
	case interopv1.Scenario_CONVERSE:
		headers, trailers, err = c.runConverse(ctx, scenario, outcome)
	default:
		headers, trailers, err = c.runExchange(ctx, scenario, outcome)
	}
	names := interop.ReplyNames(scenario.GetRequest())
	if err == nil {
		outcome.Headers = interop.Pick(headers, names)
		outcome.Trailers = interop.Pick(trailers, names)
		return nil
	}
	var failed *connect.Error
	if !errors.As(err, &failed) {
		return err
	}
	outcome.Code = int32(failed.Code())
	outcome.Message = failed.Message()
	// connect-go keeps headers, metadata and trailers of a failed call in one map.
	outcome.Headers = interop.Pick(failed.Meta(), names)
	for _, detail := range failed.Details() {
		value, err := detail.Value()
		if err != nil {
			return err
		}
		switch value := value.(type) {
		case *interopv1.Note:
			outcome.Details = append(outcome.Details, value)
		case *interopv1.CallResponse:
			outcome.Response = value
		}
	}
	return nil
}

func (c *clients) runExchange(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) (http.Header, http.Header, error) {
	call := connect.NewRequest(scenario.GetRequest())
	interop.Add(call.Header(), scenario.GetHeaders())
	answer, err := c.exchange.CallUnary(ctx, call)
	if err != nil {
		return nil, nil, err
	}
	outcome.Response = answer.Msg
	return answer.Header(), answer.Trailer(), nil
}

func (c *clients) runDownload(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) (http.Header, http.Header, error) {
	call := connect.NewRequest(scenario.GetRequest())
	interop.Add(call.Header(), scenario.GetHeaders())
	stream, err := c.download.CallServerStream(ctx, call)
	if err != nil {
		return nil, nil, err
	}
	defer stream.Close()
	headers := stream.ResponseHeader()
	for stream.Receive() {
		interop.AddMessage(outcome, stream.Msg())
	}
	return headers, stream.ResponseTrailer(), stream.Err()
}

func (c *clients) runConverse(ctx context.Context, scenario *interopv1.Scenario, outcome *interopv1.Outcome) (http.Header, http.Header, error) {
	stream := c.converse.CallBidiStream(ctx)
	defer stream.CloseResponse()
	opening, err := proto.Marshal(scenario.GetRequest())
	if err != nil {
		return nil, nil, err
	}
	interop.Add(stream.RequestHeader(), scenario.GetHeaders())
	stream.RequestHeader().Set(interop.Opening, connect.EncodeBinaryHeader(opening))
	// Sends the headers. What goes wrong is told by Receive.
	_ = stream.Send(nil)
	if scenario.GetWaitsForHeaders() {
		stream.ResponseHeader()
	}
	for _, text := range scenario.GetRequest().GetTexts() {
		if err := stream.Send(&request{Text: text}); err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		message, err := stream.Receive()
		if err != nil {
			return nil, nil, err
		}
		interop.AddMessage(outcome, message)
	}
	if err := stream.CloseRequest(); err != nil {
		return nil, nil, err
	}
	for {
		message, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return stream.ResponseHeader(), stream.ResponseTrailer(), nil
		}
		if err != nil {
			return nil, nil, err
		}
		interop.AddMessage(outcome, message)
	}
}
