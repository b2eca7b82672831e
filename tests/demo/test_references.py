"""What one proposal says of another."""

from __future__ import annotations

import pytest

from gitmilestone.demo.references import make_proposal_id, parse_reference, says_nothing
from gitmilestone.model.ids import find_id_fault


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("/keps/sig-architecture/1635-prevent-permabeta", "kep-1635-prevent-permabeta", 1635),
        ("keps/sig-node/606-compute-device-assignment/", "kep-606-compute-device-assignment", 606),
        ("/keps/sig-storage/695-skip-permission-change/README.md", "kep-695-skip-permission-change", 695),
        ("/keps/sig-node/3573-device-plugin/kep.yaml", "kep-3573-device-plugin", 3573),
        ('keps/sig-node/2625-cpumanager"', "kep-2625-cpumanager", 2625),
        ("/keps/sig-cluster-lifecycle/kubeadm/1739-patches", "kep-1739-patches", 1739),
        ("/keps/sig-network/ 20200103-mixed-protocol-lb", "kep-20200103-mixed-protocol-lb", 20200103),
        ("/keps/prod-readiness/sig-apps/3329", "kep-3329", 3329),
        ("github.com/kubernetes/enhancements/blob/master/keps/sig-network/2004-x", "kep-2004-x", 2004),
        ("https://github.com/kubernetes/enhancements/tree/master/keps/sig-cli/2379-y", "kep-2379-y", 2379),
        ("kubernetes/enhancements/keps/sig-node/375-cpumanager/README.md", "kep-375-cpumanager", 375),
        ("['/keps/sig-node/1-a']", "kep-1-a", 1),
        ("/keps/sig-api-machinery/0006-apply.md", "kep-0006-apply", 0),
        ("https://github.com/kubernetes/enhancements/issues/1682", "", 1682),
        ("6090", "", 6090),
        ("KEP-1635", "", 1635),
        ("KEP 0008", "", 0),
        ("KEP-3", "", 0),
        ("https://github.com/kubernetes/enhancements/pull/1665", "", 0),
        ("https://github.com/kubernetes-sigs/jobset/tree/main/keps/262-policy", "", 0),
        ("https://github.com/someone/enhancements/blob/0188/keps/sig-auth/12-x", "", 0),
        ("https://github.com/kubernetes/kubernetes/issues/101762", "", 0),
    ],
)
def test_a_reference_names_a_folder_or_a_number(text: str, name: str, number: int) -> None:
    reference = parse_reference(text)
    assert (reference.id, reference.number) == (name, number)
    assert reference.text == text


@pytest.mark.parametrize("text", ["n/a", "N/A", "none", "TBD", "TODO", "NA", ""])
def test_none_in_words_is_none(text: str) -> None:
    assert says_nothing(text)
    assert not parse_reference(text).names_proposal


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("1635-prevent-permabeta", "kep-1635-prevent-permabeta"),
        ("19-Graduate-CronJob-to-Stable", "kep-19-graduate-cronjob-to-stable"),
        ("2337-k8s.io-group-protection", "kep-2337-k8s.io-group-protection"),
        ("12-a (b)", "kep-12-a-b"),
        ("12-" + "x" * 80, "kep-12-" + "x" * 56),
        ("12-" + "x" * 55 + ".-more", "kep-12-" + "x" * 55),
    ],
)
def test_an_id_is_the_folders_name(folder: str, name: str) -> None:
    assert make_proposal_id(folder) == name
    assert find_id_fault(name) is None
