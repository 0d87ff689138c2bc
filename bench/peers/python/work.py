"""What both servers do with an IngestRequest."""

from bench.v1.echo_pb2 import IngestResponse


def sums(request):
    answer = IngestResponse(count=len(request.records))
    total = 0
    for record in request.records:
        answer.max_severity = max(answer.max_severity, record.severity)
        texts = (record.service, record.instance, record.message, record.trace_id, record.span_id,
                 record.source.file, record.source.function)
        total += sum(map(len, texts)) + sum(len(key) + len(value) for key, value in record.labels.items())
    answer.bytes = total
    return answer
