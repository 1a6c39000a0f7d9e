"""The quantile network of `bench-net` in PyTorch: the same architecture, batch, optimiser and data sizes, on one thread.
Prints one line of JSON; `scripts/bench-net` runs both. Needs Debian's python3-torch."""
import json
import time

import torch

torch.set_num_threads(1)
ORIGINS, HORIZON, EPOCHS, LEARNT, BATCH, STEPS = 4000, 60, 12, 3400, 64, 16
ORIGIN_FEATURES, STEP_FEATURES, HIDDEN, EMBEDDING = 38, 62, 64, 32
LEVELS = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.origin = torch.nn.Linear(ORIGIN_FEATURES, HIDDEN)
        self.embedding = torch.nn.Linear(HIDDEN, EMBEDDING)
        self.offset = torch.nn.Linear(EMBEDDING, HIDDEN)
        self.step = torch.nn.Linear(STEP_FEATURES, HIDDEN, bias=False)
        self.dropout = torch.nn.Dropout(0.1)
        self.second = torch.nn.Linear(HIDDEN, HIDDEN)
        self.output = torch.nn.Linear(HIDDEN, len(LEVELS))

    def forward(self, origins, steps):
        offset = self.offset(self.embedding(torch.relu(self.origin(origins))))
        first = self.dropout(torch.relu(self.step(steps) + offset[:, None, :]))
        return self.output(torch.relu(self.second(first)))


def train(foreach):
    torch.manual_seed(1)
    origins, steps = torch.rand(ORIGINS, ORIGIN_FEATURES), torch.rand(ORIGINS, HORIZON, STEP_FEATURES)
    targets, weights = torch.rand(ORIGINS, HORIZON), torch.ones(ORIGINS, HORIZON)
    base = torch.rand(HORIZON, len(LEVELS))
    net = Network()
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3, foreach=foreach)
    batches = LEARNT // BATCH
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=batches * EPOCHS + 1, pct_start=0.2)
    start = time.thread_time()
    for _ in range(EPOCHS):
        order = torch.randperm(LEARNT)
        for batch in range(batches):
            rows = order[batch * BATCH:(batch + 1) * BATCH]
            places = torch.randint(0, HORIZON, (BATCH, STEPS))
            column = rows[:, None]
            forecast = net(origins[rows], steps[column, places]) + base[places]
            error = targets[column, places].unsqueeze(2) - forecast
            loss = (torch.maximum(LEVELS * error, (LEVELS - 1) * error) * weights[column, places].unsqueeze(2)).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            cycle.step()
    return EPOCHS * batches * BATCH * STEPS / (time.thread_time() - start)


rates = {foreach: max(train(foreach) for _ in range(2)) for foreach in (False, True)}
print(json.dumps({"samplesPerSecond": int(max(rates.values())), "foreach": max(rates, key=rates.get), "torch": torch.__version__}))
