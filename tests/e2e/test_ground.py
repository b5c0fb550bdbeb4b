"""The ground of the other tests: who the agent is in the cluster, what it may do there,
and that the callback receiver reports what it was sent."""
import subprocess
import urllib.error
import urllib.request

import pytest

from conftest import program


def as_agent(kubeconfig, *words):
    command = [program("kubectl", "KUBECTL"), "--kubeconfig", str(kubeconfig), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_token_is_the_agents(agent_kubeconfig, agent_account):
    namespace, name = agent_account
    done = as_agent(agent_kubeconfig, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
    assert done.stdout == f"system:serviceaccount:{namespace}:{name}", done.stderr


@pytest.mark.parametrize("verb", ["get", "list", "watch", "create", "patch", "delete"])
@pytest.mark.parametrize("kind", ["deployments.apps", "services", "configmaps", "jobs.batch"])
def test_agent_may(agent_kubeconfig, verb, kind):
    done = as_agent(agent_kubeconfig, "auth", "can-i", verb, kind, "-n", "default")
    assert done.stdout.strip() == "yes", done.stderr


def test_callback_receiver(callbacks):
    callbacks.answers = [503]
    request = urllib.request.Request(callbacks.url + "/done", data=b'{"a":1}', method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 503
    assert urllib.request.urlopen(request).status == 200
    assert [(path, body) for path, _, body in callbacks.calls] == [("/done", b'{"a":1}')] * 2


def test_other_accounts_may_not(cluster, tmp_path):
    """Shows that test_agent_may can fail: the rights come from deploy/, not from the cluster."""
    path = tmp_path / "kubeconfig"
    cluster.kubeconfig_for(path, cluster.token("default", "default"))
    assert as_agent(path, "auth", "can-i", "patch", "deployments.apps").stdout.strip() == "no"
