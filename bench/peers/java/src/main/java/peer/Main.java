package peer;

import bench.v1.EchoServiceGrpc;
import bench.v1.EchoRequest;
import bench.v1.EchoResponse;
import bench.v1.IngestRequest;
import bench.v1.IngestResponse;
import bench.v1.LogRecord;
import bench.v1.StreamRequest;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Map;

/** EchoService on grpc-java with one event loop, on which the handlers run: java … peer.Main PORT. */
public final class Main extends EchoServiceGrpc.EchoServiceImplBase {
  private static EchoResponse same(EchoRequest request) {
    return EchoResponse.newBuilder().setText(request.getText()).setPayload(request.getPayload()).build();
  }

  private static <T> void answer(StreamObserver<T> out, T message) {
    out.onNext(message);
    out.onCompleted();
  }

  @Override
  public void echo(EchoRequest request, StreamObserver<EchoResponse> out) {
    answer(out, same(request));
  }

  @Override
  public void ingest(IngestRequest request, StreamObserver<IngestResponse> out) {
    IngestResponse.Builder sums = IngestResponse.newBuilder().setCount(request.getRecordsCount());
    long bytes = 0;
    for (LogRecord record : request.getRecordsList()) {
      sums.setMaxSeverity(Math.max(sums.getMaxSeverity(), record.getSeverity()));
      bytes += record.getService().length() + record.getInstance().length() + record.getMessage().length();
      bytes += record.getTraceId().length() + record.getSpanId().length();
      bytes += record.getSource().getFile().length() + record.getSource().getFunction().length();
      for (Map.Entry<String, String> label : record.getLabelsMap().entrySet()) {
        bytes += label.getKey().length() + label.getValue().length();
      }
    }
    answer(out, sums.setBytes(bytes).build());
  }

  @Override
  public void stream(StreamRequest request, StreamObserver<EchoResponse> out) {
    ServerCallStreamObserver<EchoResponse> ready = (ServerCallStreamObserver<EchoResponse>) out;
    byte[] payload = new byte[request.getSize()];
    Arrays.fill(payload, (byte) 'x');
    EchoResponse message = EchoResponse.newBuilder().setPayload(ByteString.copyFrom(payload)).build();
    ready.setOnReadyHandler(new Runnable() {
      private int left = request.getCount();

      @Override
      public void run() {
        while (left > 0 && ready.isReady()) {
          left--;
          ready.onNext(message);
          if (left == 0) {
            ready.onCompleted();
          }
        }
      }
    });
  }

  @Override
  public StreamObserver<EchoRequest> chat(StreamObserver<EchoResponse> out) {
    return new StreamObserver<>() {
      @Override
      public void onNext(EchoRequest request) {
        out.onNext(same(request));
      }

      @Override
      public void onError(Throwable error) {
        out.onError(Status.CANCELLED.asException());
      }

      @Override
      public void onCompleted() {
        out.onCompleted();
      }
    };
  }

  @Override
  public StreamObserver<EchoRequest> upload(StreamObserver<IngestResponse> out) {
    return new StreamObserver<>() {
      private int count;
      private long bytes;

      @Override
      public void onNext(EchoRequest request) {
        count++;
        bytes += request.getPayload().size();
      }

      @Override
      public void onError(Throwable error) {
        out.onError(Status.CANCELLED.asException());
      }

      @Override
      public void onCompleted() {
        answer(out, IngestResponse.newBuilder().setCount(count).setBytes(bytes).build());
      }
    };
  }

  public static void main(String[] words) throws Exception {
    NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", Integer.parseInt(words[0])))
        .bossEventLoopGroup(new EpollEventLoopGroup(1))
        .workerEventLoopGroup(new EpollEventLoopGroup(1))
        .channelType(EpollServerSocketChannel.class)
        .directExecutor()
        .addService(new Main())
        .build()
        .start()
        .awaitTermination();
  }
}
