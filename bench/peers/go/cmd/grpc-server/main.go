// EchoService on grpc-go: -port P [-tls FOLDER].
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"

	"bench/gen/benchv1"
	"bench/gen/work"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // answers as it was asked
)

type echoService struct {
	benchv1.UnimplementedEchoServiceServer
}

func (echoService) Echo(_ context.Context, m *benchv1.EchoRequest) (*benchv1.EchoResponse, error) {
	return work.Same(m), nil
}

func (echoService) Ingest(_ context.Context, m *benchv1.IngestRequest) (*benchv1.IngestResponse, error) {
	return work.Sums(m), nil
}

func (echoService) Stream(m *benchv1.StreamRequest, out grpc.ServerStreamingServer[benchv1.EchoResponse]) error {
	message := work.Filled(m.Size)
	for range m.Count {
		if err := out.Send(message); err != nil {
			return err
		}
	}
	return nil
}

func (echoService) Chat(stream grpc.BidiStreamingServer[benchv1.EchoRequest, benchv1.EchoResponse]) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = stream.Send(work.Same(m))
		}
		if err != nil {
			return err
		}
	}
}

func (echoService) Upload(stream grpc.ClientStreamingServer[benchv1.EchoRequest, benchv1.IngestResponse]) error {
	sum := &benchv1.IngestResponse{}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(sum)
		}
		if err != nil {
			return err
		}
		work.Count(sum, m)
	}
}

func main() {
	port := flag.Int("port", 50051, "")
	tls := flag.String("tls", "", "folder of cert.pem and key.pem")
	flag.Parse()
	var options []grpc.ServerOption
	if *tls != "" {
		made, err := credentials.NewServerTLSFromFile(*tls+"/cert.pem", *tls+"/key.pem")
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(made))
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(options...)
	benchv1.RegisterEchoServiceServer(server, echoService{})
	log.Fatal(server.Serve(listener))
}
